"""Retained sizes against sys.getsizeof(): of what hangs on an object alone, on every interpreter."""

import processes
import pytest
import tool

PATHS = {"tree": "__main__.tree", "nested": "__main__.nested", "chain": "__main__.chain",
         "both": "__main__.both", "first": "__main__.both.left"}


@pytest.fixture(scope="module")
def retaining(python, tmp_path_factory):
    """(snapshot, {name: [objects, bytes]} as the program itself reckons)"""
    directory = tmp_path_factory.mktemp("retaining")
    target = processes.Target(python, "retaining.py")
    try:
        wanted = target.ask("sizes")
        result = tool.heapgraph("snapshot", target.pid, "-o", "s.hgs", cwd=directory)
        assert result.code == 0, result.err
        target.assert_unharmed()
    finally:
        target.close()
    return directory / "s.hgs", wanted


@pytest.mark.parametrize("name", PATHS)
def test_what_would_be_freed(retaining, run, name):
    snapshot, wanted = retaining
    found = run("retained", snapshot, PATHS[name], "--json", "--limit", "0").json["retained"]
    assert len(found) == 1
    assert [found[0]["retained_objects"], found[0]["retained"]] == wanted[name]
    assert sum(row["count"] for row in found[0]["types"]) == found[0]["retained_objects"]
    assert sum(row["size"] for row in found[0]["types"]) == found[0]["retained"]


def test_the_common_part_goes_with_what_holds_both(retaining, run):
    snapshot, _ = retaining
    both = run("retained", snapshot, "__main__.both", "--json").json["retained"][0]
    common = run("retained", snapshot, "__main__.both.left[0]", "--json").json["retained"][0]
    assert common["dominator"] == both["object"]


def test_the_tree_names_who_keeps_most(retaining, run):
    snapshot, wanted = retaining
    answer = run("retained", snapshot, "--json").json
    rows = answer["retained"]
    paths = {row["path"]: row for row in rows if row["object"]}
    assert paths["__main__.chain"]["retained"] == wanted["chain"][1]
    assert paths["__main__.tree"]["retained"] == wanted["tree"][1]
    top = [row for row in rows if row["depth"] == 0]
    assert sum(row["retained"] for row in top) == answer["live"]["bytes"]
    assert sum(row["retained_objects"] for row in top) == answer["live"]["objects"]
    text = run("retained", snapshot).out
    assert "__main__.chain" in text and "list" in text


def test_types_have_retained_sizes(retaining, run):
    snapshot, wanted = retaining
    rows = {row["type"]: row for row in run("types", snapshot, "--json", "--limit", "0").json["types"]}
    assert all(row["retained"] is not None for row in rows.values())
    # The chain is lists within lists: counted once, at its head.
    assert wanted["chain"][1] < rows["list"]["retained"] < 2 * wanted["chain"][1]
    slots = sum(wanted[name][1] for name in ("both", "nested"))
    assert rows["__main__.Slots"]["retained"] == slots


def test_garbage_retains_nothing(one_python, start, run):
    target = start(one_python, "known.py")
    found = run("retained", target.pid, "type:__main__.InGarbage", "--json").json
    assert found["garbage"]["objects"] > 0
    assert found["retained"][0]["retained"] is None
    assert "garbage" in run("retained", target.pid, "type:__main__.InGarbage").out


def test_bad_input(one_python, start, run):
    target = start(one_python, "idle.py")
    tool.assert_error(run("types", target.pid, "-o", "tree.png"), 2, "types has no picture", "FILE.json")
    tool.assert_error(run("retained", target.pid, "nothing.here"), 1, "nothing")
    tool.assert_error(run("retained"), 2, "retained wants a SOURCE")
    tool.assert_error(run("retained", target.pid, "os", "sys"), 2, "one word too many")


# What an object's size leaves out is the allocator's rounding: less than a word an object.
ROUNDING = 8


@pytest.fixture(scope="module")
def traced(python, tmp_path_factory):
    """(running target, snapshot of it)"""
    directory = tmp_path_factory.mktemp("traced")
    target = processes.Target(python, "traced.py")
    try:
        result = tool.heapgraph("snapshot", target.pid, "-o", "s.hgs", cwd=directory)
        assert result.code == 0, result.err
        yield target, directory / "s.hgs"
        target.assert_unharmed()
    finally:
        target.close()


@pytest.mark.parametrize("name", ["dicts", "lists", "plain", "slots", "sets", "deques", "texts", "closures"])
def test_what_goes_is_what_tracemalloc_sees_go(traced, run, name):
    target, snapshot = traced
    found, = run("retained", snapshot, f"__main__.structures.{name}", "--json").json["retained"]
    freed = target.ask(name)
    print(f"{name}: retained {found['retained']}, freed {freed}, {found['retained_objects']} objects")
    # The asking itself frees something, too: up to a kilobyte on 3.15.
    assert abs(found["retained"] - freed) <= ROUNDING * found["retained_objects"] + 1024
