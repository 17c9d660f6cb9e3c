"""References and callbacks that only native memory has, and none claimed where there is no such thing."""

import tool

LIBRARY = "libmeter.so"


def meter(start, python, *parts):
    environment = {"HEAPGRAPH_BUILD": python.build_directory(tool.BUILD)}
    return start(python, "native.py", *parts, environment=environment)


def attach(run, target):
    result = run("attach", target.pid, "--json", "--limit", "0")
    assert result.code == 0, result.err
    target.assert_unharmed()
    return result


def test_references_that_an_extension_forgot(python, start, run):
    result = attach(run, meter(start, python, "leak"))
    found = {one["title"].split()[1]: one for one in result.finding("reference-surplus")}
    assert set(found) == {"list", "__main__.Reading"}
    for one in found.values():
        assert one["severity"] == "warning" and "Py_DECREF" in one["advice"]
    # Stale copies of an address hide some, and feign none.
    assert 200 <= found["list"]["count"] <= 300
    assert 90 <= found["__main__.Reading"]["count"] <= 100
    rows = [row for row in result.json["native_references"] if row["type"] == "__main__.Reading"]
    assert [(row["path"], row["refcount"], row["known"], row["surplus"]) for row in rows] == [
        ("__main__.reading", rows[0]["known"] + 100, rows[0]["known"], 100)]
    assert all(row["refcount"] == row["known"] + row["surplus"]
               for row in result.json["native_references"])


def test_an_object_that_a_library_keeps(python, start, run):
    result = attach(run, meter(start, python, "label"))
    found, = result.finding("reference-surplus")
    assert (found["library"], found["severity"], found["count"]) == (LIBRARY, "warning", 1)
    assert "__main__.Label" in found["title"] and ".bss" in found["title"]
    row, = [row for row in result.json["native_references"] if row["type"] == "__main__.Label"]
    assert (row["refcount"], row["known"], row["surplus"]) == (1, 0, 1)
    assert f"{LIBRARY} .bss" in row["found_in"]
    assert found["objects"] == [row["object"]]


def test_callbacks_that_a_library_has(python, start, run):
    """One that the program keeps, one that only garbage keeps, one that is freed."""
    result = attach(run, meter(start, python, "observers"))
    found = [one for one in result.finding("native-callback") if one["library"]]
    assert [one["library"] for one in found] == [LIBRARY] * 3
    assert all(one["count"] == 1 and f"{LIBRARY} .bss" in one["title"] for one in found)
    kept, = [one for one in found if one["severity"] == "note"]
    assert "print" in kept["title"] and "`__main__.observe`" in kept["advice"]
    garbage, = [one for one in found if "garbage" in one["title"]]
    assert garbage["severity"] == "warning" and "Gauge.observe" in garbage["title"]
    freed, = [one for one in found if "freed" in one["title"]]
    assert freed["severity"] == "warning" and freed["objects"] == []
    assert result.finding("reference-surplus") == []


def test_a_callback_in_a_block_of_malloc(python, start, run):
    found = attach(run, meter(start, python, "heap")).finding("native-callback")
    assert {(one["library"], one["severity"]) for one in found} == {(None, "note")}
    assert any("[heap]" in one["title"] for one in found)


def test_idle_interpreter_has_nothing(python, start, run):
    result = attach(run, start(python, "idle.py"))
    for code in ("reference-surplus", "native-callback", "native-pointer", "untraversable-type"):
        assert result.finding(code) == []
    assert result.json["native_references"] == []
    assert result.json["searched"]["bytes"] > 1 << 20 and result.json["searched"]["left_out"] == 0


def unload(run, target, library):
    result = run("handles", target.pid, "--unload", library, "--json")
    assert result.code == 0, result.err
    assert result.json["unload"]["library"] == f"lib{library}.so"
    return result.json["unload"]


def certain(answer):
    return [(one["from"], one["path"]) for one in answer["pointers"] if not one["inferred"]]


def test_unload_what_nothing_points_into(python, start, run):
    answer = unload(run, meter(start, python, "opened"), "codec")
    assert certain(answer) == []
    # A freed block may keep what it had.
    assert answer["safe"] is (None if answer["pointers"] else True)
    assert "data of the other libraries" in answer["searched"]
    assert "heap and anonymous memory" in answer["searched"]


def test_unload_what_another_library_calls(python, start, run):
    answer = unload(run, meter(start, python, "plugin"), "codec")
    assert answer["safe"] is False
    assert certain(answer) == [(f"{LIBRARY} .bss", None)]
    assert "1 word is an address of its code" in answer["pointers"][0]["what"]


def test_unload_what_a_thread_runs(python, start, run, tmp_path):
    target = meter(start, python, "waiting")
    answer = unload(run, target, "meter")
    assert answer["safe"] is False
    found = certain(answer)
    assert ("handle", "__main__.meter") in found
    assert ("function", "__main__.meter.meter_wait") in found
    assert any(place.startswith("stack of thread") for place, _ in found)
    snapshot = tmp_path / "waiting.hgs"
    assert run("snapshot", target.pid, "-o", snapshot).code == 0
    from_file = run("handles", snapshot, "--unload", "meter", "--json").json["unload"]
    assert sorted(certain(from_file)) == sorted(found)
    text = run("handles", snapshot, "--unload", "libmeter.so").out
    assert "Unload libmeter.so? No" in text and "Searched:" in text


def test_unload_of_no_library(one_python, start, run):
    target = start(one_python, "idle.py")
    tool.assert_error(run("handles", target.pid, "--unload", "nowhere"), 1,
                      "no library 'nowhere' is loaded", "handles")


def test_addresses_of_native_blocks(python, start, run):
    """Three attributes and a local hold what malloc() gave; a large number and an id() are no such."""
    found = attach(run, meter(start, python, "pointers")).finding("native-pointer")
    assert [one["severity"] for one in found] == ["note"] * 2
    session, = [one for one in found if "__main__.Session.pointer" in one["title"]]
    assert session["count"] == 3 and "3 addresses" in session["title"]
    assert "block of 2" in session["evidence"] and "(inferred)" in session["title"]
    local, = [one for one in found if "local block in fail" in one["title"]]
    assert local["count"] == 1


def test_a_type_without_traverse(python, start, run):
    result = attach(run, meter(start, python, "boxes"))
    found, = result.finding("untraversable-type")
    assert (found["severity"], found["count"], found["library"]) == ("warning", 5, LIBRARY)
    assert "meter.Box" in found["title"] and "inferred" in found["evidence"]
    assert "Py_TPFLAGS_HAVE_GC" in found["advice"]
    assert result.finding("reference-surplus") == []
