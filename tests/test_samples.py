"""What must be found in the programs of samples/, on every interpreter, and nothing in the right ones.

Each test says all that is told (`Result.told`), so that nothing else is claimed. What outlives a closed
library is in test_samples_released.py, what keeps an owner in test_samples_keepers.py.
"""

import re

import sites


def test_opened_in_a_loop(python, look):
    result = look(python, "opened_in_a_loop")
    assert result.library("libthumbnail.so") == (10, 0, 10, [])
    assert result.told == {("leaked-open", "error", "libthumbnail.so", 10, None)}
    found, = result.finding("leaked-open")
    assert "open libthumbnail.so once" in found["advice"]


def test_cycle_pins_library(python, look):
    result = look(python, "cycle_pins_library")
    assert result.library("libimageproc.so") == (3, 3, 0, [None] * 3)
    assert {entry[:4] for entry in result.told} == {
        ("cycle-pins-handle", "error", "libimageproc.so", 3), ("gc-off", "warning", None, 3)}, \
        "gc is off: nothing will ever free it"
    found, = result.finding("cycle-pins-handle")
    assert "`__main__.ImageProcessor.on_image`" in found["advice"]
    assert "gc.collect() would run `__main__.ImageProcessor.__del__`" in found["advice"]
    one, = [one for one in result.json["libraries"] if one["name"] == "libimageproc.so"]
    owners = [held for held in one["holders"] if held["kind"] == "handle"]
    assert {(held["type"], held["state"], held["held_by"]) for held in owners} == \
        {("ctypes.CDLL", "garbage", "cycle")}
    cycle, = [cycle for cycle in result.json["cycles"] if "libimageproc.so" in cycle["pins"]]
    assert cycle["state"] == "garbage" and cycle["finalizer"] is True
    edges = [step["edge"] for step in cycle["ring"]]
    assert any("on_image" in edge for edge in edges) and any("__self__" in edge for edge in edges)
    assert any(step["type"] == "__main__.ImageProcessor" for step in cycle["ring"])
    assert result.json["process"]["gc_enabled"] is False


def test_rightly_released(python, look):
    result = look(python, "rightly_released")
    assert result.library("libfilter.so") == (1, 1, 0, ["__main__.in_use.dll"])
    assert result.told == {("root-pins-handle", "note", "libfilter.so", 1, "__main__.in_use.dll")}
    assert result.stale() == set()


def test_counting_manager(python, look):
    result = look(python, "counting_manager")
    assert result.library("libfilter.so") == (1, 1, 0, ["__main__.manager.dll"])
    assert result.told == {
        ("root-pins-handle", "note", "libfilter.so", 1, "__main__.manager.dll")}


def test_two_opens_one_release(python, look):
    result = look(python, "two_opens_one_release")
    assert result.library("libfilter.so") == (1, 0, 1, [])
    assert result.told == {("leaked-open", "error", "libfilter.so", 1, None)}
    assert "dlclose" in result.finding("leaked-open")[0]["advice"]


def test_cffi_libraries(python, look):
    result = look(python, "cffi_libraries", sites.site_for(python, "cffi"))
    assert result.library("libcodec.so") is None, "closed, and cffi knows it"
    paths = {name: f"__main__.ffi._libraries[{i}]"
             for i, name in enumerate(("libfilter.so", "libthumbnail.so"))}
    for name, path in paths.items():
        assert result.library(name) == (1, 1, 0, [path])
    assert result.told == {("root-pins-handle", "note", name, 1, path)
                           for name, path in paths.items()}
    for found in result.json["findings"]:
        assert "kept through the list of what an FFI object opened" in found["evidence"]
        assert "`__main__.ffi.dlclose()` with the library" in found["advice"]


def test_win32_style(python, look):
    result = look(python, "win32_style")
    assert result.library("libcodec.so") is None, "closed"
    assert result.library("libthumbnail.so") == (1, 0, 1, []), "a number owns nothing"
    holder, = [held for one in result.json["libraries"] if one["name"] == "libthumbnail.so"
               for held in one["holders"]]
    assert (holder["kind"], holder["path"]) == ("integer", "__main__.thumbnail")
    assert result.told == {("dangling-function", "error", None, 1, "__main__.checksum"),
                           ("leaked-open", "warning", "libthumbnail.so", 1, None)}
    found, = result.finding("leaked-open")
    assert "held as an integer in `__main__.thumbnail`" in found["evidence"]
    assert "dlclose `__main__.thumbnail`" in found["advice"]
    found, = result.finding("dangling-function")
    assert found["title"].startswith("1 function made from an address points to code")
    assert found["advice"].startswith("drop `__main__.checksum` before the dlclose")


def test_pooled_connections(python, look):
    result = look(python, "pooled_connections")
    paths = [f"__main__.pool.by_worker['{worker}'].dll" for worker in "abc"]
    opens, owners, leaked, held = result.library("libdbclient.so")
    assert (opens, owners, leaked) == (5, 5, 0)
    assert sorted(held, key=str) == [None, None] + paths, "two are garbage until gc runs"
    assert {entry[:4] for entry in result.told} == {
        ("cycle-pins-handle", "warning", "libdbclient.so", 2),
        ("unowned-descriptor", "warning", "libdbclient.so", 5),
        ("root-pins-handle", "note", "libdbclient.so", 3), ("native-pointer", "note", None, 3)}
    found, = result.finding("native-pointer")
    assert found["title"].startswith("__main__.Connection.native: 3 addresses of native blocks")
    assert re.search(r"__main__\.pool\.by_worker\['[abc]'\]\.native", found["evidence"])
    found, = result.finding("unowned-descriptor")
    assert "libdbclient.so calls socket()" in found["advice"]
    sockets = [row for row in result.json["descriptors"] if row["target"].startswith("socket:")]
    assert len(sockets) == 5 and {row["owner"] for row in sockets} == {None}


def test_traceback_keeps_pointer(python, look):
    result = look(python, "traceback_keeps_pointer")
    assert result.library("libbuffer.so") == (1, 1, 0, ["__main__.lib"])
    assert {entry[:4] for entry in result.told} == {
        ("root-pins-handle", "note", "libbuffer.so", 1), ("native-pointer", "note", None, 1)}
    found, = result.finding("native-pointer")
    assert re.search(r"local buffer in process:\d+ of the traceback of __main__\.last_error", found["evidence"])
    assert "kept through the traceback of a stored exception" in found["evidence"]
    assert "(inferred)" in found["title"]
    assert "in a finally clause of that call" in found["advice"]
    assert "drop `__main__.last_error`" in found["advice"]
