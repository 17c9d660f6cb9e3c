"""Every edge of a known program (targets/known.py) has its name, on every interpreter."""

import pytest

# type -> (steps that the chain's edges must contain in this order, the path where it is certain)
CHAINS = {
    "InDict": (["['a']"], "__main__.cache['a']"),
    "InInteger": (["[7]"], "__main__.cache[7]"),
    "InList": (["[2]"], "__main__.numbers[2]"),
    "InTuple": (["[1]"], "__main__.pair[1]"),
    "InAttribute": ([".value"], "__main__.holder.value"),
    "InSlot": ([".second"], "__main__.slots.second"),
    "InClosure": (["closure captured"], None),
    "InLocal": (["local mine in wait_in_a_function"], None),
    "InGenerator": (["local suspended in generate"], None),
    "InCoroutine": (["local awaited in coroutine"], None),
    "InSet": ([], None),
    "InClass": ([".constant"], "__main__.Class.constant"),
    "InDefault": (["__defaults__", "[0]"], None),
    "InDeep": (["['x']", "[0]", "['y']", "[1]"], "__main__.deep['x'][0]['y'][1]"),
    "InSubclassedDict": (["['key']"], "__main__.subclassed['key']"),
    "InManyAttributes": ([".last"], "__main__.many.last"),
    "InMethod": (["__self__", ".payload"], None),
    "InException": (["__traceback__", "local unlucky in fail:119"], None),
    "InCycle": ([".payload"], "__main__.ring.payload"),
}


@pytest.fixture(scope="module")
def known(python, tmp_path_factory):
    """The known program's snapshot, taken once for each interpreter; the program ends right after."""
    import processes
    import tool
    directory = tmp_path_factory.mktemp("known")
    target = processes.Target(python, "known.py")
    try:
        result = tool.heapgraph("snapshot", target.pid, "-o", "known.hgs", cwd=directory)
        assert result.code == 0, result.err
        target.assert_unharmed()
    finally:
        target.close()
    return directory / "known.hgs"


def why(run, snapshot, name):
    result = run("why", snapshot, f"type:__main__.{name}", "--json")
    assert result.code == 0, result.err
    objects = result.json["objects"]
    assert len(objects) == 1, f"{name} is one object, not {len(objects)}"
    return objects[0]


def in_order(wanted, edges):
    """Whether each wanted text is in an edge's name, one after the other."""
    rest = iter(edges)
    return all(any(want in edge for edge in rest) for want in wanted)


@pytest.mark.parametrize("name", CHAINS)
def test_chain(known, run, name):
    steps, path = CHAINS[name]
    found = why(run, known, name)
    chain = found["chains"][0]
    edges = [step["edge"] or "" for step in chain["steps"]]
    assert in_order(steps, edges), edges
    assert chain["steps"][-1]["type"] == f"__main__.{name}"
    if path:
        assert chain["path"] == path


def test_garbage_has_no_chain(known, run):
    assert why(run, known, "InGarbage")["chains"] == []


def test_a_path_selects_its_object(known, run):
    by_type = run("why", known, "type:__main__.InDeep", "--json").json["objects"]
    by_path = run("why", known, "__main__.deep['x'][0]['y'][1]", "--json").json["objects"]
    assert [one["object"] for one in by_type] == [one["object"] for one in by_path]
    by_address = run("why", known, by_type[0]["object"], "--json").json["objects"]
    assert by_address[0]["type"] == "__main__.InDeep"


def test_refs_and_backrefs_are_each_others_mirror(known, run):
    down = run("refs", known, "__main__.pair", "--json").json["objects"][0]
    leaf = [step for step in down["references"] if step["type"] == "__main__.InTuple"]
    assert [step["edge"] for step in leaf] == ["[1]"]
    up = run("backrefs", known, leaf[0]["object"], "--json").json["objects"][0]
    assert down["object"] in [step["object"] for step in up["referrers"]]


def test_garbage_cycle_is_listed_as_garbage(known, run):
    cycles = run("cycles", known, "--json", "--limit", "0").json["cycles"]
    rings = [cycle for cycle in cycles
             if any(step["type"] == "__main__.Ring" for step in cycle["ring"])]
    assert sorted(cycle["state"] for cycle in rings) == ["garbage", "reachable"]
