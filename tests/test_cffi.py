"""Libraries that cffi opened: owners, opens without one, and what is left of a closed one."""

import os
import subprocess

import pytest
import sites
import tool

# Beyond the newest for each interpreter: the ends of what is claimed, and of the form of a CType.
VERSIONS = [(8, "1.14.1"), (8, "1.15.1"), (11, "1.15.1"), (12, "1.16.0"), (12, "2.0.0")]
FACE = "cffi.api._make_ffi_library.<locals>.FFILibrary"


def look(python, start, run, requirement):
    site = sites.site_for(python, requirement)
    target = start(python, "cffi_libraries.py", str(site), python.build_directory(tool.BUILD))
    result = run("attach", target.pid, "--json", "--limit", "0")
    assert result.code == 0, result.err
    target.assert_unharmed()
    return result


def check(result):
    libraries = {one["name"]: one for one in result.json["libraries"]}

    def owners(name):
        return sorted((one["path"], one["type"]) for one in libraries[name]["holders"]
                      if one["kind"] == "handle")

    def counts(name):
        return tuple(libraries[name][key] for key in ("opens", "owners", "leaked_opens"))

    assert counts("libfilter.so") == (2, 2, 0)
    assert owners("libfilter.so") == [("__main__.again", FACE), ("__main__.kept", FACE)]
    assert counts("libthumbnail.so") == (1, 1, 0)
    assert owners("libthumbnail.so") == [("__main__.loaded", "_cffi_backend.Lib")]
    assert owners("libimageproc.so") == [("__main__.borrowed", FACE)]
    assert counts("libcodec.so") == (2, 0, 2)
    assert "libright.so" not in libraries and "libgone.so" not in libraries
    assert [(one["library"], one["count"], one["severity"]) for one in result.finding("leaked-open")] \
        == [("libcodec.so", 2, "error"), ("libbuffer.so", 1, "warning")]


def check_stale(result):
    stale = {one["path"]: one for one in result.json["stale"]}
    assert set(stale) == {"__main__.gone", "__main__.checksum"}
    assert stale["__main__.gone"]["names"].endswith("/libgone.so")
    assert [stale[path]["kind"] for path in sorted(stale)] == ["function", "handle"]
    assert {one["state"] for one in stale.values()} == {"dangling"}
    assert [one["library"] for one in result.finding("dangling-handle")] == ["libgone.so"]
    functions = result.finding("dangling-function")
    assert [(one["path"], one["library"]) for one in functions] == \
        [("__main__.checksum", "libgone.so")]
    assert not result.finding("aliased-handle")


def test_owners_and_what_is_left(python, start, run):
    result = look(python, start, run, "cffi")
    check(result)
    check_stale(result)


@pytest.mark.parametrize("minor, version", VERSIONS)
def test_other_versions(python, start, run, minor, version):
    if python.minor != minor:
        pytest.skip("for one interpreter each")
    result = look(python, start, run, f"cffi=={version}")
    check(result)
    check_stale(result)


def test_a_callback_that_a_library_has(python, start, run):
    result = look(python, start, run, "cffi")
    found = result.finding("native-callback")
    assert [one["path"] for one in found] == ["__main__.callback"]
    assert found[0]["severity"] == "note" and "libmeter.so" in found[0]["title"]


def test_a_dropped_ffi_object(python, start, run):
    site = sites.site_for(python, "cffi")
    target = start(python, "cffi_libraries.py", str(site), python.build_directory(tool.BUILD))
    assert target.ask("drop") is True
    result = run("attach", target.pid, "--json", "--limit", "0")
    dropped = [one for one in result.json["libraries"] if one["name"] == "libdbclient.so"][0]
    assert (dropped["opens"], dropped["owners"], dropped["leaked_opens"]) == (1, 1, 0)
    assert [(one["type"], one["state"]) for one in dropped["holders"]] == [(FACE, "garbage")]
    found = [one for one in result.finding("cycle-pins-handle") if one["library"] == "libdbclient.so"]
    assert len(found) == 1 and found[0]["advice"].startswith("the cycle is cffi's own")
    kept = [one for one in result.finding("root-pins-handle") if one["path"] == "__main__.loaded"]
    assert "ffi.dlclose() with `__main__.loaded`" in kept[0]["advice"]


def test_a_build_that_is_not_known_is_said(python, start, run):
    """1.14.0 has other names for its types: nothing is read, and no open is called leaked for sure."""
    if python.minor != 8:
        pytest.skip("for one interpreter")
    site = sites.site_for(python, "cffi==1.14.0")
    target = start(python, "cffi_libraries.py", str(site), python.build_directory(tool.BUILD))
    result = run("attach", target.pid, "--json", "--limit", "0")
    assert result.code == 6 and "cffi" in "".join(result.json["capture"]["incomplete"])
    kinds = {one["kind"] for library in result.json["libraries"] for one in library["holders"]}
    assert not kinds & {"handle", "function", "callback"}
    found = result.finding("leaked-open")
    assert "libfilter.so" in [one["library"] for one in found]
    assert {one["severity"] for one in found} == {"warning"}
    assert all("_cffi_backend" in one["evidence"] for one in found)


def test_a_compiled_module(python, start, run):
    if python.root:
        pytest.skip("no compiler in a root")
    include = subprocess.run(
        [python.path, "-c", "import sysconfig; print(sysconfig.get_path('include'))"],
        stdout=subprocess.PIPE, check=True, text=True).stdout.strip()
    if not os.path.exists(os.path.join(include, "Python.h")):
        pytest.skip("no headers to compile against")
    target = start(python, "cffi_compiled.py", str(sites.site_for(python, "cffi")))
    result = run("attach", target.pid, "--json", "--limit", "0")
    assert result.code == 0, result.err
    target.assert_unharmed()
    module = [one for one in result.json["libraries"] if one["name"] == "_compiled.so"][0]
    assert (module["opens"], module["owners"], module["loaded_by"]) == (1, 1, "import")
    held = sorted((one["kind"], one["path"]) for one in module["holders"])
    assert held[1:] == [("function", "__main__.address"), ("module", "_compiled")]
    assert held[0][0] == "callback" and "['__cffi_backend_extern_py']" in held[0][1]
    assert not [one for one in result.json["findings"] if one["severity"] == "error"]
