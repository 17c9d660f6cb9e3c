"""What most of the memory hangs from, on programs that grow in known ways (targets/growing.py)."""

import pytest

# Kind asked for: (kind, path, what of, how many)
WANTED = {
    "many": ("many", "__main__.service.recent", "__main__.Entry", 20000),
    "shared": ("shared", "__main__.service.by_number", "__main__.Entry", 20000),
    "chain": ("chain", "__main__.service.last", "__main__.Link", 20000),
    "one": ("one", "__main__.service.blob", None, 1),
}


@pytest.mark.parametrize("kind", WANTED)
def test_the_point_is_named(python, start, run, kind):
    target = start(python, "growing.py", kind)
    answer = run("report", target.pid, "-o", "a.png", "--json").json
    found, = answer["suspects"]
    assert (found["kind"], found["path"], found["of"], found["count"]) == WANTED[kind]
    assert found["bytes"] > 4_000_000
    assert found["chain"][-1]["object"] == found["object"]
    target.assert_unharmed()


def test_text(one_python, start, run):
    target = start(one_python, "growing.py", "many")
    short = run("report", target.pid, "-o", "a.png").out
    assert "__main__.service.recent (collections.deque): 20,000" in short
    assert "maxlen" not in short
    long = run("report", target.pid, "-o", "b.png", "-v").out
    assert "maxlen" in long and "module __main__" in long


@pytest.mark.parametrize("script, arguments", [("growing.py", ["none"]), ("idle.py", []), ("known.py", [])])
def test_a_program_that_does_not_grow_has_none(python, start, run, script, arguments):
    target = start(python, script, *arguments)
    assert run("report", target.pid, "-o", "a.png", "--json").json["suspects"] == []
    assert "most of the memory" not in run("report", target.pid, "-o", "b.png").out
