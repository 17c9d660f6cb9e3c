"""Handles that a program keeps as plain numbers: named where an open has no owner, and no owners."""

import sites
import tool


def look(run, target):
    result = run("attach", target.pid, "--json", "--limit", "0")
    assert result.code == 0, result.err
    target.assert_unharmed()
    libraries = {one["name"]: one for one in result.json["libraries"]}
    counts = {name: tuple(one[key] for key in ("opens", "owners", "leaked_opens"))
              for name, one in libraries.items()}
    held = {name: sorted(holder["path"] for holder in one["holders"] if holder["kind"] == "integer")
            for name, one in libraries.items()}
    assert all(holder.get("inferred", False) is (holder["kind"] == "integer")
               for one in libraries.values() for holder in one["holders"])
    return result, counts, held


def test_handles_by_hand(python, start, run):
    target = start(python, "handles_by_hand.py", python.build_directory(tool.BUILD))
    result, counts, held = look(run, target)
    found = {one["library"]: one for one in result.finding("leaked-open")}
    assert counts["libfilter.so"] == (1, 0, 1) and held["libfilter.so"] == ["__main__.window.handle"]
    assert counts["libthumbnail.so"] == (1, 0, 1)
    assert held["libthumbnail.so"] == ["__main__.by_name['thumbnail']"]
    assert counts["libcodec.so"] == (2, 0, 2)
    assert held["libcodec.so"] == ["__main__.pair[0]", "__main__.pair[1]"]
    assert counts["libimageproc.so"] == (2, 0, 2) and len(held["libimageproc.so"]) == 1
    assert held["libimageproc.so"][0].startswith("local module in run:")
    assert counts["libdbclient.so"] == (1, 1, 0) and held["libdbclient.so"] == []
    assert {name: one["severity"] for name, one in found.items()} == {
        "libfilter.so": "warning", "libthumbnail.so": "warning", "libcodec.so": "warning",
        "libimageproc.so": "error"}
    assert "held as an integer in `__main__.window.handle`" in found["libfilter.so"]["evidence"]
    assert "dlclose `__main__.window.handle`" in found["libfilter.so"]["advice"]
    assert "and 1 more" in found["libcodec.so"]["evidence"]


def test_they_are_told_of_a_redacted_snapshot_too(one_python, start, run):
    target = start(one_python, "handles_by_hand.py", one_python.build_directory(tool.BUILD))
    kinds = []
    for redact in [], ["--redact"]:
        answer = run("attach", target.pid, "--json", "--limit", "0", *redact).json
        kinds.append(sorted((holder["object"], holder["kind"]) for one in answer["libraries"]
                            for holder in one["holders"]))
    assert kinds[0] == kinds[1]
    listed = run("handles", target.pid).out
    assert "live integer (inferred)" in listed and "integer __main__.window.handle" in listed


def test_a_pointer_of_cffi(one_python, start, run):
    site = sites.site_for(one_python, "cffi")
    target = start(one_python, "cffi_libraries.py", str(site),
                   one_python.build_directory(tool.BUILD))
    _, counts, held = look(run, target)
    assert counts["libbuffer.so"] == (1, 0, 1) and held["libbuffer.so"] == ["__main__.pointer"]
