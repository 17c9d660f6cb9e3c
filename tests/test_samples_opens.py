"""Samples in which opens, owners and handles do not match, or do match as they should."""

import sites


def test_two_opens_one_release(python, look):
    result = look(python, "two_opens_one_release")
    assert result.library("libfilter.so") == (1, 0, 1, [])
    assert result.told == {("leaked-open", "error", "libfilter.so", 1, None)}
    assert "dlclose" in result.finding("leaked-open")[0]["advice"]


def test_counting_manager(python, look):
    result = look(python, "counting_manager")
    assert result.library("libfilter.so") == (1, 1, 0, ["__main__.manager.dll"])
    assert result.told == {
        ("root-pins-handle", "note", "libfilter.so", 1, "__main__.manager.dll")}


def test_cycle_pins_library(python, look):
    result = look(python, "cycle_pins_library")
    assert result.library("libimageproc.so") == (3, 3, 0, [None] * 3)
    assert {entry[:4] for entry in result.told} == {
        ("cycle-pins-handle", "error", "libimageproc.so", 3), ("gc-off", "warning", None, 3)}
    found, = result.finding("cycle-pins-handle")
    assert "`__main__.ImageProcessor.on_image`" in found["advice"]
    assert "gc.collect() would run `__main__.ImageProcessor.__del__`" in found["advice"]


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
