"""What most of the memory hangs from, on programs that grow in known ways (targets/suspects.py)."""

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
    target = start(python, "suspects.py", kind)
    answer = run("report", target.pid, "-o", "a.png", "--json").json
    found, = answer["suspects"]
    if kind == "shared":  # both tables hold all of them: either will do
        found["path"] = found["path"].replace("by_key", "by_number")
    assert (found["kind"], found["path"], found["of"], found["count"]) == WANTED[kind]
    assert found["bytes"] > 4_000_000
    assert found["chain"][-1]["object"] == found["object"]
    target.assert_unharmed()


def test_text(one_python, start, run):
    target = start(one_python, "suspects.py", "many")
    short = run("report", target.pid, "-o", "a.png").out
    assert "__main__.service.recent (collections.deque): 20,000" in short
    assert "maxlen" not in short
    long = run("report", target.pid, "-o", "b.png", "-v").out
    assert "maxlen" in long and "module __main__" in long


@pytest.mark.parametrize("script, arguments", [("suspects.py", ["none"]), ("idle.py", []), ("known.py", [])])
def test_a_program_that_does_not_grow_has_none(python, start, run, script, arguments):
    target = start(python, script, *arguments)
    assert run("report", target.pid, "-o", "a.png", "--json").json["suspects"] == []
    assert "most of the memory" not in run("report", target.pid, "-o", "b.png").out


@pytest.mark.parametrize("kind, name, ways, point", [
    ("many", "Entry", 1, "__main__.service.recent"), ("shared", "Entry", 1, "__main__.service"),
    ("chain", "Link", 2, "__main__.service")])
def test_why_of_many_objects(python, start, run, kind, name, ways, point):
    target = start(python, "suspects.py", kind)
    answer = run("why", target.pid, f"type:__main__.{name}", "--json").json
    assert answer["objects_total"] == 20000
    assert [way["count"] for way in answer["ways"]] == ([20000] if ways == 1 else [19999, 1])
    gathered = answer["gathered_at"]
    assert (gathered["path"], gathered["count"]) == (point, 20000)
    text = run("why", target.pid, f"type:__main__.{name}").out
    assert f"20,000 of them (100 %) hang from `{point}`" in text


def test_retained_of_many_objects(python, start, run):
    target = start(python, "suspects.py", "many")
    answer = run("retained", target.pid, "type:__main__.Entry", "--json", "--limit", "50").json
    together = answer["together"]
    assert together["count"] == answer["retained_total"] == 20000 and len(answer["retained"]) == 50
    counts = {row["type"]: row["count"] for row in together["types"]}
    assert counts["__main__.Entry"] == counts["bytes"] == 20000
    assert sum(counts.values()) == together["retained_objects"]
    assert together["retained"] == sum(row["size"] for row in together["types"]) > 5_000_000
    assert "If all 20,000 went, " in run("retained", target.pid, "type:__main__.Entry").out


def test_referrers_that_say_the_same_are_one_chain(python, start, run):
    target = start(python, "suspects.py", "shared")
    found, = run("why", target.pid, "type:__main__.Entry#7", "--json").json["objects"]
    assert found["referrers_alive"] == 2
    assert [chain["count"] for chain in found["chains"]] == [1, 1]
