"""Memory outside Python's heap counts with the object that owns it, on every interpreter."""

import interpreters
import pytest
import sites

OVERHEAD = 600  # of the object itself, and of the object that a stream has its bytes in


def check(run, target):
    assert run("snapshot", target.pid, "-o", "s.hgs").code == 0
    for name, wanted in target.ask("sizes").items():
        found, = run("retained", "s.hgs", f"__main__.things.{name}", "--json").json["retained"]
        print(f"{name}: {found['retained']} bytes, its buffer {wanted}")
        assert 0 < found["retained"] - wanted < OVERHEAD, name
        if name != "stream":
            assert found["size"] == found["retained"], name
    target.assert_unharmed()


def test_buffers_of_the_standard_library(python, start, run):
    check(run, start(python, "buffers.py"))


def ends():
    """The oldest and the newest interpreter: numpy 1 and numpy 2."""
    plain = sorted((one for one in interpreters.discover()[0] if not one.root), key=lambda one: one.minor)
    return plain[:1] + plain[-1:]


@pytest.mark.parametrize("interpreter", ends(), ids=lambda one: one.name)
def test_arrays_of_numpy(interpreter, start, run):
    check(run, start(interpreter, "buffers.py", str(sites.site_for(interpreter, "numpy"))))


def test_types_add_them(one_python, start, run):
    target = start(one_python, "buffers.py")
    rows = {row["type"]: row for row in run("types", target.pid, "--json", "--limit", "0").json["types"]}
    assert rows["array.array"]["size"] > 100000 * 8
    assert rows["mmap.mmap"]["size"] > 3 << 20
