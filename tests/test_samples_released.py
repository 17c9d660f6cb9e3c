"""What outlives a library that was closed: samples/ in which something points into a hole.

Each test says all that is told, so that nothing else is claimed, and the line to change.
"""

import re


def advice(result, code):
    found, = result.finding(code)
    return found["advice"]


def test_dangling_after_dlclose(python, look):
    result = look(python, "dangling_after_dlclose")
    assert result.library("libcodec.so") is None
    assert result.told == {
        ("dangling-handle", "error", "libcodec.so", 1, "__main__.codecs['codec']"),
        ("dangling-function", "error", "libcodec.so", 1, "__main__.checksum")}
    assert result.stale() == {
        ("handle", "libcodec.so", "dangling", "__main__.codecs['codec']"),
        ("function", "libcodec.so", "dangling", "__main__.checksum")}
    assert {one["now"] for one in result.json["stale"]} == {None}
    assert advice(result, "dangling-handle").startswith("drop `__main__.codecs['codec']` before")
    assert advice(result, "dangling-function").startswith("drop `__main__.checksum` before")


def test_with_name_lives_on(python, look):
    result = look(python, "with_name_lives_on")
    assert result.library("libcodec.so") is None
    assert result.told == {
        ("dangling-handle", "error", "libcodec.so", 1, "__main__.codec"),
        ("dangling-function", "error", "libcodec.so", 1, "__main__.codec.codec_checksum")}
    assert advice(result, "dangling-handle").startswith("drop `__main__.codec` before")
    assert advice(result, "dangling-function").startswith(
        "drop `__main__.codec`, which keeps it, before"), "ctypes keeps the function in the CDLL"


def test_suspended_generator(python, look):
    result = look(python, "suspended_generator")
    assert result.library("libcodec.so") is None
    line, = {re.search(r" in checksums:(\d+) of", one["path"]).group(1)
             for one in result.json["stale"]}
    place = f"in checksums:{line} of __main__.stream"
    assert result.told == {
        ("dangling-handle", "error", "libcodec.so", 1, f"local dll {place}"),
        ("dangling-function", "error", "libcodec.so", 1, f"local checksum {place}")}
    for code in ("dangling-handle", "dangling-function"):
        assert "`__main__.stream`" in advice(result, code)


def test_released_before_gc(python, look):
    result = look(python, "released_before_gc")
    assert result.library("libfilter.so") is None
    assert result.told == {("dangling-handle", "note", "libfilter.so", 1, None)}
    found, = result.finding("dangling-handle")
    assert found["title"] == "libfilter.so: unloaded; 1 object with its old handle is garbage"
    assert found["advice"].startswith("nothing to do") and "gc will free it" in found["advice"]


def test_smart_loader(python, look):
    result = look(python, "smart_loader")
    assert result.library("libfilter.so") is None
    assert result.library("libcodec.so") == (1, 1, 0, ["__main__.codec.dll"]), "not by the WeakSet"
    assert result.told == {
        ("dangling-handle", "error", "libfilter.so", 1, "__main__.clamp._objects['0']"),
        ("dangling-function", "error", "libfilter.so", 1, "__main__.clamp"),
        ("root-pins-handle", "note", "libcodec.so", 1, "__main__.codec.dll")}
    assert advice(result, "dangling-handle").startswith("drop `__main__.clamp`, which keeps it,")


def test_closure_keeps_function(python, look):
    result = look(python, "closure_keeps_function")
    assert result.library("libfilter.so") is None
    assert result.told == {
        ("dangling-handle", "error", "libfilter.so", 1,
         "closure native._objects['0'] of __main__.to_byte"),
        ("dangling-function", "error", "libfilter.so", 1, "closure native of __main__.to_byte")}
    for code in ("dangling-handle", "dangling-function"):
        assert advice(result, code).startswith("drop `__main__.to_byte`, which keeps it,")


def test_function_outlives_library(python, look):
    result = look(python, "function_outlives_library")
    assert result.library("libcodec.so") is None
    found = {one["library"]: one for one in result.finding("dangling-function")}
    assert set(found) == {"libcodec.so", None}, "looked up in it, and made from an address"
    assert found[None]["path"] == "__main__.by_address"
    assert ("function", "libcodec.so", "dangling",
            "closure function of __main__.plugins['checksum']") in result.stale()
    assert {entry[:4] for entry in result.told} == {
        ("dangling-function", "error", "libcodec.so", 2), ("dangling-function", "error", None, 1),
        ("dangling-handle", "error", "libcodec.so", 1)}


def test_library_cache(python, look):
    result = look(python, "library_cache")
    assert result.library("libcodec.so") is None, "evicted, and closed"
    threads = {one["path"].rsplit(" ", 1)[1] for one in result.finding("root-pins-handle")}
    assert len(threads) == 1 and threads.pop().isdigit()
    kept = {re.sub(r"(LibraryCache\.)?clean:\d+ of thread \d+", "clean", path)
            for name in ("libfilter.so", "libthumbnail.so") for path in result.library(name)[3]}
    assert kept == {f"local self.libraries['{name}'] in clean" for name in ("filter", "thumbnail")}
    told = {entry[:4] for entry in result.told}
    assert told == {("dangling-handle", "error", "libcodec.so", 1),
                    ("root-pins-handle", "note", "libfilter.so", 1),
                    ("root-pins-handle", "note", "libthumbnail.so", 1)}
    assert advice(result, "dangling-handle").startswith("drop `__main__.codec.dll` before")
    for found in result.finding("root-pins-handle"):
        assert "kept through a function that is running" in found["evidence"]
        assert "clean:" in found["advice"] and "let its `self` be a weak" in found["advice"]
