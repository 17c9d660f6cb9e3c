"""--where and --tsv, on a target whose objects are known."""

import pytest
import processes
import tool


@pytest.fixture(scope="module")
def snapshot(python, tmp_path_factory):
    target = processes.Target(python, "growing.py")
    path = tmp_path_factory.mktemp("queries") / "s.hgs"
    try:
        target.ask("sessions")
        target.ask("cycles")
        assert tool.heapgraph("snapshot", target.pid, "-o", path).code == 0
        target.assert_unharmed()
    finally:
        target.close()
    return path


def rows(*arguments):
    """The rows of a table as dicts by its headings."""
    result = tool.heapgraph(*arguments, "--tsv")
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    heading = lines[0].split("\t")
    table = [dict(zip(heading, line.split("\t"))) for line in lines[1:]]
    assert all(len(line.split("\t")) == len(heading) for line in lines)
    return table


def test_types(snapshot):
    answer = tool.heapgraph("types", snapshot, "--json", "--limit", "0").json["types"]
    table = rows("types", snapshot)
    assert [[row["type"], int(row["objects"]), int(row["size"]), int(row["retained"])] for row in table] == \
        [[row["type"], row["count"], row["size"], row["retained"]] for row in answer]
    found = rows("types", snapshot, "--where", "module=__main__ and not state=garbage")
    counts = {row["type"]: int(row["objects"]) for row in found}
    assert counts == {"__main__.Session": 300, "__main__.Service": 1, "__main__.Link": 101,
                      "__main__.Item": 1}
    whole = {row["type"]: row for row in table}
    assert all(row["retained"] == whole[row["type"]]["retained"] for row in found)
    garbage = rows("types", snapshot, "--where", "state=garbage and type=Node")
    assert [(row["type"], row["objects"]) for row in garbage] == [("__main__.Node", "100")]


def test_why(snapshot):
    table = rows("why", snapshot, "--where", "type=Session and count=1")
    assert len(table) == 300
    assert {row["state"] for row in table} == {"root"}
    paths = {row["path"] for row in table}
    assert "__main__.service.sessions['user 1000']" in paths and "__main__.scratch[99]" in paths
    text = rows("why", snapshot, "--where", 'text="line 7" and type=str')
    assert [(row["path"], row["text"]) for row in text] == [("__main__.service.log[7]", "'line 7'")]
    assert rows("why", snapshot, "--where", "type=Node")[0]["path"] == ""


def test_with_an_object(snapshot):
    both = rows("why", snapshot, "type:Session", "--where", "size>0")
    assert len(both) == 300
    none = tool.heapgraph("why", snapshot, "type:Session", "--where", "size>1M")
    tool.assert_error(none, 1, "no object matches --where 'size>1M'")
    one = tool.heapgraph("refs", snapshot, "__main__.service", "--where", "type=Service", "--json").json
    assert len(one["objects"]) == 1


def test_references(snapshot):
    answer = tool.heapgraph("backrefs", snapshot, "__main__.service", "--json", "--limit", "0").json
    wanted = [(step["object"], step["edge"]) for step in answer["objects"][0]["referrers"]]
    table = rows("backrefs", snapshot, "__main__.service")
    assert sorted((row["referrer"], row["edge"]) for row in table) == sorted(wanted)
    table = rows("refs", snapshot, "__main__.service.log")
    assert len([row for row in table if row["type"] == "str"]) == 100
    texts = {row["edge"]: row["text"] for row in table}
    assert texts["[0]"] == "'line 0'" and texts["[99]"] == "'line 99'"


def test_retained(snapshot):
    answer = tool.heapgraph("retained", snapshot, "__main__.service", "--json").json["retained"][0]
    row, = rows("retained", snapshot, "__main__.service")
    assert (int(row["retained"]), int(row["retained_objects"])) == \
        (answer["retained"], answer["retained_objects"])
    assert row["path"] == "__main__.service"
    tree = rows("retained", snapshot, "--depth", "2")
    assert {row["depth"] for row in tree} == {"0", "1"}
    assert len(rows("retained", snapshot, "--where", "type=Session")) == 300


def test_as_json(snapshot):
    answer = tool.heapgraph("why", snapshot, "--where", "type=Session", "--json", "--limit", "5").json
    assert len(answer["objects"]) == 5 and answer["objects_total"] == 300
    types = tool.heapgraph("types", snapshot, "--where", "type=Session", "--json").json["types"]
    assert [(row["type"], row["count"]) for row in types] == [("__main__.Session", 300)]


@pytest.mark.parametrize("condition, what", [
    ("sise>1M", "at character 1: no such field: 'sise'"),
    ("type=dict and (size>1M", "at character 15: this bracket is not closed"),
    ("", "at character 1: a condition is missing"),
])
def test_errors_say_where(condition, what, one_python, start, run):
    """Before the target is touched."""
    target = start(one_python, "idle.py")
    tool.assert_error(run("types", target.pid, "--where", condition), 2, what, "fields are type,")


def test_bad_input(snapshot):
    tool.assert_error(tool.heapgraph("types", snapshot, "--tsv", "--json"), 2, "one of them")
    tool.assert_error(tool.heapgraph("report", snapshot, "--where", "size>1"), 2,
                      "--where does not go with report")
    tool.assert_error(tool.heapgraph("why", snapshot), 2, "why wants an OBJECT")


def test_same_bytes_twice(snapshot):
    for verb in ("types", "why", "refs", "backrefs", "retained"):
        outputs = {tool.heapgraph(verb, snapshot, "--where", "type=Session", "--tsv").out for _ in range(2)}
        assert len(outputs) == 1 and outputs.pop()
