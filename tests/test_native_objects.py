"""Capsules and types: which library each needs, and what is said when that is gone."""

import tool


def look(python, start, run):
    target = start(python, "native_objects.py", python.build_directory(tool.BUILD))
    result = run("attach", target.pid, "--json", "--limit", "0")
    assert result.code == 0, result.err
    target.assert_unharmed()
    return target, result


def test_of_a_library_that_is_there(python, start, run):
    target, result = look(python, start, run)
    library = [one for one in result.json["libraries"] if one["name"] == "native_objects.so"][0]
    assert (library["opens"], library["owners"], library["leaked_opens"]) == (1, 1, 0)
    held = {(one["kind"], one["path"], one["state"]) for one in library["holders"]}
    assert ("capsule", "__main__.capsule", "live") in held
    assert ("type", "__main__.thing_type", "live") in held
    assert len([one for one in library["holders"] if one["kind"] in ("capsule", "type")]) == 2
    capsules = {one["path"]: one for one in result.json["capsules"]}
    one = capsules["__main__.capsule"]
    assert (one["name"], one["points_into"], one["destructor_in"]) == \
        ("native.table", "native_objects.so", "native_objects.so")
    one = capsules["__main__.plain_capsule"]
    assert (one["name"], one["points_into"], one["destructor_in"]) == (None, None, None)
    assert int(one["pointer"], 16)
    listed = run("handles", target.pid).out
    assert "live capsule, PyCapsule: __main__.capsule" in listed
    assert "live type, class native.Thing: __main__.thing_type" in listed
    table = listed.partition("CAPSULE")[2]
    assert "native.table" in table and "plain_capsule" not in table
    assert "_socket.CAPI" in [one["name"] for one in capsules.values()] and "_socket" not in table


def test_of_a_library_that_is_gone(python, start, run):
    _, result = look(python, start, run)
    stale = {one["path"]: (one["kind"], one["state"]) for one in result.json["stale"]}
    assert stale == {"__main__.gone_capsule": ("capsule", "dangling"),
                     "__main__.gone_type": ("type", "dangling")}
    found = {one["path"]: one for one in result.finding("dangling-function")}
    assert set(found) == set(stale)
    assert {one["severity"] for one in found.values()} == {"error"}
    assert "1 capsule: the code that frees it" in found["__main__.gone_capsule"]["title"]
    assert found["__main__.gone_type"]["title"].startswith("native.Thing: ")
    names = {one["path"]: one["name"] for one in result.json["capsules"]}
    assert names["__main__.gone_capsule"] is None, "its name went with the library"


def test_an_idle_interpreter_has_none_of_others(python, start, run):
    target = start(python, "idle.py")
    answer = run("attach", target.pid, "--json", "--limit", "0").json
    assert isinstance(answer["capsules"], list) and answer["stale"] == []
    assert "CAPSULE" not in run("handles", target.pid).out
