"""The cheapest cut of cycles that are known (targets/cycles.py), on every interpreter."""

import pytest

WANTED = {
    "Ring": [(".on_done", 1, "hold `__main__.Ring.on_done` weakly: `weakref.WeakMethod(self.finish)`, "
                             "or drop it when done")],
    "Parent": [(".parent", 50, "drop `__main__.Child.parent` when done, or make it a weakref.ref")],
    "Twice": [(".on_done", 1, "hold `__main__.Twice.on_done` weakly: "
                              "`weakref.WeakMethod(self.finish)`, or drop it when done"),
              ("closure self", 1, "the closure captures `self`: pass it as an argument, or capture "
                                  "a weakref.ref of it")],
    "Listener": [("[0]", 1, "hold `__main__.Listener.handlers[0]` weakly as a weakref.WeakMethod, "
                            "or drop it when done")],
    "Partial": [(".later", 1, "drop `__main__.Partial.later` when done")],
    "Called": [(".callback", 1, "drop `__main__.Called.callback` when C does not call it any more, or "
                                "make it of a function that refers to its object weakly")],
    "Suspended": [(".steps", 1, "drop `__main__.Suspended.steps` when done")],
    "dict": [("[0]", 1, "drop `[0] of a list` when done")],
}

# What a row is about where it has something of the native world: else what its ring begins with.
NATIVE = {"Called": "_ctypes.CThunkObject"}


@pytest.fixture(scope="module")
def rows():
    return {}


@pytest.fixture
def cycles(python, rows, start, run):
    if python.name not in rows:
        target = start(python, "cycles.py")
        rows[python.name] = run("cycles", target.pid, "--json", "--limit", "0").json["cycles"]
        target.assert_unharmed()
    return rows[python.name]


def test_each_cycle_is_listed_once(cycles):
    heads = [row["ring"][0]["type"].replace("__main__.", "") for row in cycles]
    assert sorted(heads) == sorted(WANTED)
    assert all(row["count"] == 1 and row["state"] == "garbage" for row in cycles)


@pytest.mark.parametrize("name", WANTED)
def test_the_cheapest_cut(cycles, name):
    row, = (row for row in cycles if row["ring"][0]["type"].endswith(name))
    cut = [(one["edge"], one["references"], one["advice"]) for one in row["cut"]]
    assert cut == WANTED[name]
    freed = next(step for step in row["ring"] if step["object"] == row["cut_frees"])
    assert freed["type"] == NATIVE.get(name, row["ring"][0]["type"])


def test_a_hundred_thousand_equal_cycles_are_one_row(python, start, run):
    target = start(python, "equal_cycles.py")
    answer = run("cycles", target.pid, "--json").json
    rows = {row["ring"][0]["type"]: row for row in answer["cycles"]}
    assert {name: row["count"] for name, row in rows.items()} == {"__main__.Session": 100000,
                                                                  "__main__.Single": 1}
    assert answer["all_cycles"] == 100001
    assert len(run("cycles", target.pid).out.splitlines()) < 24


@pytest.mark.parametrize("script", ["idle.py", "known.py", "retaining.py"])
def test_cycles_that_every_program_has_are_no_rows(one_python, start, run, script):
    target = start(one_python, script)
    rows = run("cycles", target.pid, "--json").json["cycles"]
    mine = [row for row in rows if row["ring"][0]["type"].startswith("__main__.")]
    assert rows == mine
