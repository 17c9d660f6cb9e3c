"""A truncated, bit-flipped or foreign snapshot is one line and exit 5, under AddressSanitizer."""

import os
import random

import hgs
import pytest
import tool

SANITIZER = {**os.environ, "ASAN_OPTIONS": "abort_on_error=0:exitcode=99:detect_leaks=1",
             "UBSAN_OPTIONS": "halt_on_error=1:exitcode=99:print_stacktrace=1"}


@pytest.fixture(scope="module")
def build():
    if not tool.BUILD_ASAN or not os.path.exists(os.path.join(tool.BUILD_ASAN, "heapgraph")):
        pytest.skip("no build with sanitizers: ./dev build --sanitize, or ./dev test")
    return tool.BUILD_ASAN


@pytest.fixture(scope="module")
def whole(one_python, tmp_path_factory):
    """The bytes of a sound snapshot, and the offsets of its sections."""
    import processes
    path = tmp_path_factory.mktemp("whole") / "s.hgs"
    target = processes.Target(one_python, "idle.py")
    try:
        assert tool.heapgraph("snapshot", target.pid, "-o", path).code == 0
    finally:
        target.close()
    return path.read_bytes(), hgs.Snapshot(path).sections


def report(build, directory, data):
    (directory / "damaged.hgs").write_bytes(data)
    return tool.heapgraph("types", "damaged.hgs", cwd=directory, build=build, env=SANITIZER)


def test_sound_snapshot_is_read(build, whole, tmp_path):
    result = report(build, tmp_path, whole[0])
    assert result.code == 0, result.err


def test_truncated(build, whole, tmp_path, thorough):
    data = whole[0]
    chance = random.Random(len(data))
    lengths = [0, 1, 7, 8, 31, 32, 33, 63, 64, 100, len(data) - 1, len(data) // 2]
    lengths += [chance.randrange(len(data)) for _ in range(100 if thorough else 5)]
    for length in lengths:
        result = report(build, tmp_path, data[:length])
        tool.assert_error(result, 5, "damaged.hgs")


def test_longer_than_it_says(build, whole, tmp_path):
    tool.assert_error(report(build, tmp_path, whole[0] + b"x"), 5, "damaged.hgs")


def test_flipped_bits(build, whole, tmp_path, thorough):
    """In the header, in the table, and at the start, middle and end of every section."""
    data, sections = whole
    places = list(range(0, 32, 4)) + list(range(32, 32 + 32 * len(sections), 16))
    for _, offset, size in sections.values():
        if size:
            places += [offset, offset + size // 2, offset + size - 1]
    chance = random.Random(size)
    if not thorough:
        places = chance.sample(places, min(30, len(places)))
    for place in places:
        flipped = bytearray(data)
        flipped[place] ^= 1 << chance.randrange(8)
        result = report(build, tmp_path, bytes(flipped))
        assert result.code == 5, f"bit flipped at {place}: exit {result.code}: {result.err}"
        tool.assert_error(result, 5, "damaged.hgs")


def test_attach_under_sanitizers(build, one_python, sample, tmp_path):
    target = sample(one_python, "cycle_pins_library")
    result = tool.heapgraph("attach", target.pid, cwd=tmp_path, build=build, env=SANITIZER)
    assert result.code == 0, result.err
    target.assert_unharmed()
