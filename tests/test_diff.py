"""diff: what grew between snapshots of one process, by a target that says what it does."""

import shutil
import time
import urllib.request

import processes
import pytest
import tool

# Stands in people's baselines: it must not change from one version of CPython to the next, nor from
# one version of heapgraph to the next.
SESSIONS = "module __main__ > .service __main__.Service > .sessions dict > [*] __main__.Session"
SESSIONS_SIGNATURE = "9916dbf835ea6aea"


class Series:
    """Snapshots of a growing target, each after some commands."""

    def __init__(self, python, directory):
        self.directory = directory
        self.target = processes.Target(python, "growing.py")
        self.count = 0

    def snapshot(self, *commands):
        answers = [self.target.ask(command) for command in commands]
        path = self.directory / f"{self.count}.hgs"
        self.target.settle()  # or the very stack of its loop would differ
        result = tool.heapgraph("snapshot", self.target.pid, "-o", path)
        assert result.code == 0, result.err
        self.count += 1
        return path, answers

    def close(self):
        self.target.assert_unharmed()
        self.target.close()


@pytest.fixture
def series(python, tmp_path):
    made = Series(python, tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def three(python, tmp_path_factory):
    """Three snapshots, all kinds of growth between each two."""
    series = Series(python, tmp_path_factory.mktemp("three"))
    commands = ("sessions", "log", "cycles", "links", "sockets", "churn")
    try:
        yield [series.snapshot(*(commands if at else ()))[0] for at in range(3)]
    finally:
        series.close()


def diff(*arguments):
    result = tool.heapgraph("diff", *arguments, "--json", "--limit", "0")
    assert result.code == 0, result.err
    return result.json["diff"]


def row(answer, pattern):
    found = [one for one in answer["growth"] if one["pattern"] == pattern]
    assert len(found) == 1, [one["pattern"] for one in answer["growth"]]
    return found[0]


def test_a_table_that_grows(three):
    answer = diff(*three)
    assert answer["same_process"] == "proven"
    found = row(answer, SESSIONS)
    assert found["signature"] == SESSIONS_SIGNATURE
    assert found["growing"] and found["code"] == "growth" and not found["known"]
    assert found["population"] == [100, 200, 300]
    assert found["kept"] == 100, "appeared between the first two, and still lives"
    assert found["type"] == "__main__.Session"
    # Session, name, data with a float and an int, and the key of the entry; up to 3.10 a __dict__.
    assert 600 <= found["objects"] <= 700
    assert found["point"]["path"] == "__main__.service.sessions"
    assert (found["points"], found["at_point"]) == (1, 100)
    assert found["path"].startswith("__main__.service.sessions['user ")
    assert [step["edge"] for step in found["chain"]][-2] == ".sessions"
    assert "__main__.service.sessions" in found["advice"]
    assert answer["growth"][0] == found, "the largest first"


def test_of_two_snapshots(three):
    found = row(diff(*three[:2]), SESSIONS)
    assert (found["population"], found["kept"]) == ([100, 200], 100)
    found = row(diff(three[0], three[2]), SESSIONS)
    assert (found["population"], found["kept"]) == ([100, 300], 200)


def test_a_list_of_strings(three):
    found = row(diff(*three), "module __main__ > .service __main__.Service > .log list > [*] str")
    assert (found["population"], found["kept"]) == ([100, 200, 300], 100)
    assert found["objects"] == 100 and found["retained"] == found["bytes"]


def test_garbage(three):
    found = row(diff(*three), "garbage > __main__.Node")
    assert (found["population"], found["kept"], found["growing"]) == ([0, 100, 200], 100, True), \
        "gc.collect() was called before the first"
    assert found["path"] is None and found["point"] is None and found["chain"] == []
    assert [step["type"] for step in found["ring"]] == ["__main__.Node", "__main__.Node"]
    assert "gc is disabled" in found["advice"]


def test_a_chain_of_links_is_one_pattern(three):
    answer = diff(*three)
    links = [one for one in answer["growth"] if one["type"] == "__main__.Link"]
    assert [one["pattern"] for one in links] == \
        ["module __main__ > .newest __main__.Link > .before __main__.Link ..."]
    assert links[0]["growing"] and links[0]["population"] == [100, 200, 300]
    assert links[0]["objects"] >= 100


def test_what_is_replaced_does_not_grow(three):
    answer = diff(*three)
    for one in answer["growth"]:
        if one["growing"]:
            assert "scratch" not in one["pattern"], one
    types = {one["type"]: one["counts"] for one in answer["types"]}
    assert types["__main__.Session"] == [200, 400]


def test_containers(three):
    containers = {one["path"]: one["items"] for one in diff(*three)["containers"]}
    assert containers["__main__.service.sessions"] == [100, 300]
    assert containers["__main__.service.log"] == [100, 300]
    assert containers["__main__.service.sockets"] == [0, 6]
    assert "__main__.scratch" not in containers


def test_descriptors(three):
    found = [one for one in diff(*three)["descriptors"] if one["kind"] == "socket"]
    assert len(found) == 1 and found[0]["counts"] == [0, 6]
    assert found[0]["code"] == "descriptor-growth"
    assert found[0]["path"].startswith("__main__.service.sockets[")
    assert "[*] socket.socket" in found[0]["pattern"]


def test_nothing_happened(series):
    paths = [series.snapshot()[0] for _ in range(2)]
    answer = diff(*paths)
    assert [one for one in answer["growth"] if one["growing"]] == []
    assert answer["intervals"][0]["reused"] == 0
    assert answer["libraries"] == [] and answer["descriptors"] == []
    # What the command's own line, a str, makes and drops.
    assert answer["intervals"][0]["new"]["objects"] < 20
    assert "Nothing grows." in tool.heapgraph("diff", *paths).out


def test_an_address_that_is_used_again(series):
    before, _ = series.snapshot()
    after, (reused,) = series.snapshot("reuse")
    assert reused, "the allocator gives the address again"
    answer = diff(before, after)
    assert answer["intervals"][0]["reused"] >= 1
    found = [one for one in answer["growth"] if one["type"] == "__main__.Item"]
    assert len(found) == 1, "the new item is no survivor, though type, address and place are equal"
    assert (found[0]["kept"], found[0]["population"]) == (1, [1, 1])
    assert not found[0]["growing"]


def test_same_bytes_twice(three):
    for flags in ((), ("--json",), ("-v",)):
        outputs = {tool.heapgraph("diff", *three, *flags).out for _ in range(2)}
        assert len(outputs) == 1 and outputs.pop()


def test_text(three):
    result = tool.heapgraph("diff", *three)
    assert result.code == 0 and result.err == ""
    lines = result.out.splitlines()
    assert len(lines) <= 55, "a screen"
    assert all(len(line) <= 80 for line in lines)
    assert any(line.startswith("+200     __main__.Session: 100 ") for line in lines)
    assert "entries out of `__main__.service.sessions`" in " ".join(result.out.split())
    assert f"signature {SESSIONS_SIGNATURE}" in result.out
    quiet = tool.heapgraph("diff", *three, "-q").out
    assert "__main__.Session: 100" in quiet and "signature" not in quiet


def test_the_last_may_be_the_process_itself(series):
    before, _ = series.snapshot()
    series.target.ask("sessions")
    found = row(diff(before, series.target.pid), SESSIONS)
    assert found["population"] == [100, 200]


def test_baseline(three, tmp_path):
    known = tmp_path / "known.baseline"
    written = tool.heapgraph("diff", *three, "-o", known)
    assert written.code == 0, written.err
    lines = known.read_text().splitlines()
    assert lines[0].startswith("#")
    assert f"growth {SESSIONS_SIGNATURE} {SESSIONS}" in lines
    codes = "growth,descriptor-growth,handle-growth"
    assert tool.heapgraph("diff", *three, "--fail-on", codes).code == 7
    muted = tool.heapgraph("diff", *three, "--fail-on", codes, "--baseline", known)
    assert muted.code == 0, muted.out
    assert "Nothing grows but what the baseline knows." in muted.out
    known.write_text("\n".join(line for line in lines if SESSIONS_SIGNATURE not in line) + "\n")
    new = tool.heapgraph("diff", *three, "--fail-on", "growth", "--baseline", known, "--json")
    assert new.code == 7
    fresh = [one["signature"] for one in new.json["diff"]["growth"]
             if one["growing"] and not one["known"]]
    assert fresh == [SESSIONS_SIGNATURE]


def test_baseline_of_a_report(python, sample, run, tmp_path):
    target = sample(python, "cycle_pins_library")
    known = tmp_path / "known.baseline"
    assert run("report", target.pid, "-o", known).code == 0
    assert run("report", target.pid, "--fail-on", "cycle-pins-handle", "--json").code == 7
    muted = run("report", target.pid, "--fail-on", "cycle-pins-handle", "--baseline", known, "--json")
    assert muted.code == 0, muted.err
    assert muted.json["findings"] == []
    assert {one["code"] for one in muted.json["known_findings"]} == {"cycle-pins-handle", "gc-off"}
    # Another process of the same program has the same signatures.
    other = sample(python, "cycle_pins_library")
    assert run("report", other.pid, "--fail-on", "cycle-pins-handle", "--baseline", known).code == 0


def test_bad_input(three, python, start, tmp_path):
    old, new, newer = three
    tool.assert_error(tool.heapgraph("diff", new, old), 2, "the wrong way round", "older snapshot first")
    tool.assert_error(tool.heapgraph("diff", old, newer, new), 2, "2.hgs was taken after")
    tool.assert_error(tool.heapgraph("diff", old), 2, "two snapshots")
    tool.assert_error(tool.heapgraph("diff", old, new, newer, newer), 2, "one word too many")
    tool.assert_error(tool.heapgraph("diff", old, new, "--fail-on", "leaked-open"), 2, "diff does not have")
    tool.assert_error(tool.heapgraph("report", new, "--fail-on", "growth"), 2, "report does not have")
    tool.assert_error(tool.heapgraph("diff", tmp_path / "none.hgs", new), 1, "none.hgs")
    damaged = tmp_path / "damaged.hgs"
    shutil.copy(old, damaged)
    with open(damaged, "r+b") as file:
        file.seek(5000)
        file.write(b"damage")
    tool.assert_error(tool.heapgraph("diff", damaged, new), 5, "damaged")
    tool.assert_error(tool.heapgraph("diff", old, damaged), 5, "damaged")
    baseline = tmp_path / "bad.baseline"
    baseline.write_text("# fine\n\ngrowth 12345\n")
    tool.assert_error(tool.heapgraph("diff", old, new, "--baseline", baseline), 2, "line 3")
    baseline.unlink()
    tool.assert_error(tool.heapgraph("diff", old, new, "--baseline", baseline), 1, "bad.baseline")


def test_of_two_processes(three, python, start, tmp_path):
    other = start(python, "growing.py")
    path = tmp_path / "other.hgs"
    assert tool.heapgraph("snapshot", other.pid, "-o", path).code == 0
    tool.assert_error(tool.heapgraph("diff", three[0], path), 2, "two processes", "from one process")


def test_growing_cache(python, sample, tmp_path):
    """The sample of README: each renderer has a handle of its own."""
    target = sample(python, "growing_cache")
    paths = []
    for at in range(3):
        time.sleep(0.5)
        paths.append(tmp_path / f"{at}.hgs")
        assert tool.heapgraph("snapshot", target.pid, "-o", paths[-1]).code == 0
    target.assert_unharmed()
    answer = diff(*paths)
    found = row(answer, "module __main__ > .service __main__.Service > .renderers dict "
                        "> [*] __main__.Renderer")
    assert found["growing"] and found["kept"] >= 10
    assert found == answer["growth"][0]
    assert found["point"]["path"] == "__main__.service.renderers"
    library = [one for one in answer["libraries"] if one["name"] == "libthumbnail.so"]
    assert len(library) == 1 and library[0]["code"] == "handle-growth"
    assert library[0]["opens"][1] > library[0]["opens"][0] >= 1
    assert library[0]["owners"] == library[0]["opens"]
    assert tool.heapgraph("diff", *paths, "--fail-on", "handle-growth").code == 7


def test_a_server_that_keeps_nothing(python, start, tmp_path):
    """Each request makes objects, threads and sockets; the second hundred makes what the first did."""
    target = start(python, "http_server.py")
    port = target.ask("port")
    paths = []
    for at in range(3):
        for number in range(100):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{at}/{number}") as answer:
                assert answer.read() == b"/%d/%d" % (at, number)
        time.sleep(0.2)  # the last of its threads ends
        paths.append(tmp_path / f"{at}.hgs")
        assert tool.heapgraph("snapshot", target.pid, "-o", paths[-1]).code == 0
    answer = diff(*paths)
    assert [one for one in answer["growth"] if one["growing"]] == []
    assert answer["descriptors"] == [] and answer["libraries"] == []
    codes = "growth,handle-growth,descriptor-growth"
    assert tool.heapgraph("diff", *paths, "--fail-on", codes).code == 0
