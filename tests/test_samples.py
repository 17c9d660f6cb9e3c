"""What must be found in each program of samples/, on every interpreter, and nothing in the right one."""


def attach(run, target):
    result = run("attach", target.pid, "--json")
    assert result.code == 0, result.err
    target.assert_unharmed()
    return result


def library(result, name):
    found = [one for one in result.json["libraries"] if one["name"] == name]
    return found[0] if found else None


def test_opened_in_a_loop(python, sample, run):
    result = attach(run, sample(python, "opened_in_a_loop"))
    thumbnail = library(result, "libthumbnail.so")
    assert (thumbnail["opens"], thumbnail["owners"], thumbnail["leaked_opens"]) == (10, 0, 10)
    assert thumbnail["loaded_by"] == "dlopen"
    findings = result.finding("leaked-open")
    assert [found["library"] for found in findings] == ["libthumbnail.so"]
    assert findings[0]["severity"] == "error"
    assert findings[0]["count"] == 10


def test_cycle_pins_library(python, sample, run):
    result = attach(run, sample(python, "cycle_pins_library"))
    imageproc = library(result, "libimageproc.so")
    assert (imageproc["opens"], imageproc["owners"], imageproc["leaked_opens"]) == (3, 3, 0)
    owners = [one for one in imageproc["holders"] if one["kind"] == "handle"]
    assert len(owners) == 3
    for owner in owners:
        assert owner["type"] == "ctypes.CDLL"
        assert (owner["state"], owner["held_by"]) == ("garbage", "cycle")
    findings = result.finding("cycle-pins-handle")
    assert [found["library"] for found in findings] == ["libimageproc.so"]
    assert findings[0]["severity"] == "error", "gc is off: nothing will ever free it"
    assert findings[0]["count"] == 3
    assert "on_image" in findings[0]["advice"]
    pinning = [one for one in result.json["cycles"] if "libimageproc.so" in one["pins"]]
    assert pinning and pinning[0]["state"] == "garbage" and pinning[0]["finalizer"] is True
    edges = [step["edge"] for step in pinning[0]["ring"]]
    assert any("on_image" in edge for edge in edges) and any("__self__" in edge for edge in edges)
    assert any(step["type"] == "__main__.ImageProcessor" for step in pinning[0]["ring"])
    assert result.json["process"]["gc_enabled"] is False
    assert result.finding("gc-off")


def test_dangling_after_dlclose(python, sample, run):
    result = attach(run, sample(python, "dangling_after_dlclose"))
    assert library(result, "libcodec.so") is None
    findings = result.finding("dangling-handle")
    assert len(findings) == 1 and findings[0]["severity"] == "error"
    assert findings[0]["library"] == "libcodec.so"
    stale = result.json["stale"]
    assert [one["path"] for one in stale if one["kind"] == "handle"] == ["__main__.codecs['codec']"]
    assert stale[0]["names"].endswith("libcodec.so") and stale[0]["now"] is None


def test_function_outlives_library(python, sample, run):
    result = attach(run, sample(python, "function_outlives_library"))
    assert library(result, "libcodec.so") is None
    findings = {found["library"]: found for found in result.finding("dangling-function")}
    assert set(findings) == {"libcodec.so", None}, "looked up in it, and made from an address"
    assert all(found["severity"] == "error" for found in findings.values())
    assert findings["libcodec.so"]["count"] == 2
    assert findings[None]["path"] == "__main__.by_address"
    stale = [one for one in result.json["stale"] if one["kind"] == "function"]
    assert {one["state"] for one in stale} == {"dangling"} and len(stale) == 3
    assert "closure function of __main__.plugins['checksum']" in [one["path"] for one in stale]


def test_rightly_released(python, sample, run):
    result = attach(run, sample(python, "rightly_released"))
    alarms = [found for found in result.json["findings"] if found["severity"] != "note"]
    assert alarms == []
    used = library(result, "libfilter.so")
    assert (used["opens"], used["owners"], used["leaked_opens"]) == (1, 1, 0)
    assert [one["path"] for one in used["holders"] if one["kind"] == "handle"] == \
        ["__main__.in_use.dll"]


def test_idle_interpreter_gives_no_alarm(python, start, run):
    result = attach(run, start(python, "idle.py"))
    assert [found for found in result.json["findings"] if found["severity"] != "note"] == []
