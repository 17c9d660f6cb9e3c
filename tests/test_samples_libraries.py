"""What the dynamic linker keeps: closed and mapped all the same, namespaces, handles given out again."""

import pytest


def attach(run, target):
    result = run("attach", target.pid, "--json")
    assert result.code == 0, result.err
    target.assert_unharmed()
    return result


def libraries(result, name):
    return [one for one in result.json["libraries"] if one["name"] == name]


def test_closed_and_mapped(python, sample, run):
    result = attach(run, sample(python, "closed_and_mapped"))
    assert [one for one in result.json["findings"] if one["severity"] != "note"] == []
    for name in ("libresident.so", "libunique.so"):
        one, = libraries(result, name)
        assert (one["nodelete"], one["owners"], one["leaked_opens"]) == (True, 0, None)
        assert "nodelete" in one["why_mapped"]
    assert [one["library"] for one in result.finding("still-mapped")] == \
        ["libresident.so", "libunique.so"]
    base, = libraries(result, "libbase.so")
    assert (base["opens"], base["owners"], base["leaked_opens"]) == (0, 0, None)
    assert base["why_mapped"] == ["needed by libtop.so"] and base["loaded_by"] == "needed"
    top, = libraries(result, "libtop.so")
    assert (top["opens"], top["owners"], top["why_mapped"]) == (1, 1, ["opens"])


def test_handle_reused(python, sample, run):
    result = attach(run, sample(python, "handle_reused"))
    assert libraries(result, "libcodec.so") == []
    assert {(one["code"], one["library"]) for one in result.json["findings"]
            if one["severity"] == "error"} == {("aliased-handle", "libcodec.so")}
    stale = {one["kind"]: one for one in result.json["stale"]}
    assert {kind: (one["path"], one["state"], one["now"]) for kind, one in stale.items()} == {
        "handle": ("__main__.checksums", "aliased", "libfilter.so"),
        "function": ("__main__.checksums.codec_checksum", "aliased", "libfilter.so")}
    advice = {one["advice"] for one in result.finding("aliased-handle")}
    assert any("drop `__main__.checksums` before the dlclose" in one for one in advice)
    used, = libraries(result, "libfilter.so")
    assert (used["opens"], used["owners"], used["leaked_opens"]) == (1, 1, 0), \
        "the stale object is no owner of the library that has its handle now"


def test_other_namespace(python, sample, run):
    if not python.has_glibc(2, 35):
        pytest.skip("glibc lists the libraries of other namespaces from 2.35 on")
    result = attach(run, sample(python, "other_namespace"))
    copies = libraries(result, "libfilter.so")
    assert sorted(one["namespace"] for one in copies) == [1, 2]
    assert [(one["opens"], one["owners"], one["leaked_opens"]) for one in copies] == [(1, 0, 1)] * 2
    findings = result.finding("leaked-open")
    assert [one["library"] for one in findings] == ["libfilter.so"] * 2
    assert all("in a namespace of its own (dlmopen)" in one["evidence"] for one in findings)
    assert all("keep the handle that dlmopen() gives" in one["advice"] for one in findings)
