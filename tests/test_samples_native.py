"""What native code keeps, or calls after it is gone."""


def attach(run, target):
    result = run("attach", target.pid, "--json")
    assert result.code == 0, result.err
    target.assert_unharmed()
    return result


def test_leaking_extension(python, sample, run):
    result = attach(run, sample(python, "leaking_extension"))
    findings = [one for one in result.finding("reference-surplus") if one["severity"] == "warning"]
    lost, = [one for one in findings if one["library"] is None]
    assert "__main__.Sample objects" in lost["title"] and "that nothing holds" in lost["title"]
    assert 15 <= lost["count"] <= 20, "stale copies of an address hide some, and feign none"
    assert "missing Py_DECREF()" in lost["advice"]
    kept, = [one for one in findings if one["library"]]
    assert (kept["library"], kept["count"]) == ("libmeter.so", 1)
    assert "libmeter.so .bss" in kept["title"] and "Py_CLEAR" in kept["advice"]
    filters, = [one for one in result.json["libraries"] if one["name"] == "libfilter.so"]
    held, = [one for one in filters["holders"] if one["kind"] == "handle"]
    assert (held["path"], held["held_by"]) == ("<__main__.Label>.dll in libmeter.so .bss", "native")
    assert {one["severity"] for one in result.json["findings"]} == {"warning", "note"}


def test_callback_in_c(python, sample, run):
    result = attach(run, sample(python, "callback_in_c"))
    alarm, = [one for one in result.json["findings"] if one["severity"] != "note"]
    assert (alarm["code"], alarm["severity"], alarm["library"]) == \
        ("native-callback", "warning", "libmeter.so")
    assert "a callback that is freed" in alarm["title"]
    assert "keep the callback's object (CFUNCTYPE, ffi.callback) in a variable" in alarm["advice"]
    note, = [one for one in result.finding("native-callback") if one["severity"] == "note"]
    assert "a callback: Display.show" in note["title"]
    assert "keep `__main__.display.callback` until it is unregistered there" in note["advice"]


def test_capsule_outlives_library(python, sample, run):
    result = attach(run, sample(python, "capsule_outlives_library"))
    alarm, = [one for one in result.json["findings"] if one["severity"] != "note"]
    assert (alarm["code"], alarm["severity"], alarm["count"]) == ("dangling-function", "error", 1)
    assert "drop `__main__.meters['power']` before its library is closed" in alarm["advice"]
    capsule, = [one for one in result.json["capsules"] if one["name"] == "meter"]
    assert capsule["path"] == "__main__.meters['power']" and capsule["destructor_in"] is None
    stale, = [one for one in result.json["stale"] if one["kind"] == "capsule"]
    assert (stale["object"], stale["state"]) == (capsule["object"], "dangling")


def test_an_error_about_no_known_library_is_drawn(one_python, sample, run, tmp_path):
    assert run("attach", sample(one_python, "capsule_outlives_library").pid, "-o", "a.dot").code == 0
    drawn = (tmp_path / "a.dot").read_text()
    assert "Findings drawn: 1 error" in drawn and "PyCapsule" in drawn and "unknown library" in drawn


def test_what_a_library_keeps_is_drawn_below_it(one_python, sample, run, tmp_path):
    assert run("attach", sample(one_python, "leaking_extension").pid, "-o", "a.dot").code == 0
    assert "its memory has the address" in (tmp_path / "a.dot").read_text()
