"""What keeps an owner: each way of samples/ by its own name, with the line to change."""

import os

import pytest


def attach(run, target):
    result = run("attach", target.pid, "--json")
    assert result.code == 0, result.err
    target.assert_unharmed()
    return result


def only_finding(result, code, library):
    """The one finding that is more than a note, or the one note; of that code and library."""
    findings = result.json["findings"]
    alarms = [one for one in findings if one["severity"] != "note"]
    assert len(alarms or findings) == 1, [one["title"] for one in findings]
    found = (alarms or findings)[0]
    assert (found["code"], found["library"]) == (code, library)
    return found


def owners(result, name):
    """Paths of the live handles of a library, and that every open of it has its owner."""
    one, = [one for one in result.json["libraries"] if one["name"] == name]
    held = [holder for holder in one["holders"] if holder["kind"] == "handle"]
    assert (one["opens"], one["owners"], one["leaked_opens"]) == (len(held), len(held), 0)
    assert {(holder["state"], holder["held_by"]) for holder in held} == {("live", "root")}
    return [holder["path"] for holder in held]


KEPT = {
    "lru_cache_on_method": (
        "libfilter.so", "warning", ["<__main__.Proc>.dll in functools.lru_cache of Proc.run"] * 5,
        "kept through a functools cache", "take @lru_cache off the method `Proc.run`"),
    "finalize_bound_method": (
        "libcodec.so", "warning", ["weakref.finalize registry: Decoder.close.__self__.dll"] * 3,
        "kept through a callback registered with weakref.finalize",
        "in place of the bound method `Decoder.close`"),
    "atexit_partial": (
        "libfilter.so", "warning", ["atexit registry: clean_up.args[0].dll"] * 3,
        "kept through a callback registered with atexit",
        "call atexit.unregister() for `clean_up`"),
    "context_variable": (
        "libfilter.so", "note",
        ["value.dll of ContextVar 'current_request' in the context of thread {pid}"],
        "kept through a context variable", "reset ContextVar 'current_request' where it is set"),
    "logging_handler": (
        "libcodec.so", "warning", [f"logging.getLogger('jobs').handlers[{i}].dll" for i in range(3)],
        "kept through a logging handler",
        "call `logging.getLogger('jobs').removeHandler(handler)`"),
}


@pytest.mark.parametrize("name", KEPT)
def test_kept(python, sample, run, name):
    library, severity, paths, through, advice = KEPT[name]
    target = sample(python, name)
    result = attach(run, target)
    found = only_finding(result, "root-pins-handle", library)
    assert (found["severity"], found["count"]) == (severity, len(paths))
    assert through in found["evidence"]
    assert advice in found["advice"]
    assert sorted(owners(result, library)) == [path.format(pid=target.pid) for path in paths]


def test_class_registry(python, sample, run):
    result = attach(run, sample(python, "class_registry"))
    found = {one["library"]: one for one in result.finding("root-pins-handle")}
    assert set(found) == {"libfilter.so", "libcodec.so"} and len(result.json["findings"]) == 2
    for library, path in (("libfilter.so", "__main__.Plugin.loaded[0].dll"),
                          ("libcodec.so", "__main__.Plugin.loaded[1].dll")):
        assert owners(result, library) == [path]
        assert found[library]["severity"] == "note"
        assert "a container that belongs to a class" in found[library]["evidence"]
        assert "take it out of `__main__.Plugin.loaded`" in found[library]["advice"]


def test_task_never_done(python, sample, run):
    result = attach(run, sample(python, "task_never_done"))
    found = {one["library"]: one for one in result.finding("root-pins-handle")}
    task, coroutine = found["libthumbnail.so"], found["libfilter.so"]
    assert {one["severity"] for one in result.json["findings"]} == {"warning"} and len(found) == 2
    assert owners(result, "libthumbnail.so") == \
        ["local dll in watch:19 of the pending task watch() in __main__.background"]
    assert "kept through a pending task" in task["evidence"]
    assert "cancel the task, which waits in watch:19" in task["advice"]
    assert owners(result, "libfilter.so") == ["local dll in warm_up:23 of __main__.later[0]"]
    assert "kept through a coroutine that was never awaited" in coroutine["evidence"]
    assert "await `__main__.later[0]`" in coroutine["advice"]


def test_module_reload(python, sample, run):
    result = attach(run, sample(python, "module_reload"))
    found = only_finding(result, "root-pins-handle", "libfilter.so")
    former = "global dll of the former module reloaded_plugin, by __main__.on_event[0].__globals__"
    assert sorted(owners(result, "libfilter.so")) == [former, "reloaded_plugin.dll"]
    assert former in found["title"] and found["severity"] == "warning"
    assert "drop `__main__.on_event[0]`" in found["advice"]


def test_thread_locals(python, sample, run):
    target = sample(python, "thread_locals")
    result = attach(run, target)
    found = only_finding(result, "root-pins-handle", "libfilter.so")
    assert (found["severity"], found["count"]) == ("note", 3)
    assert "kept through a thread-local variable" in found["evidence"]
    assert "delete `__main__.per_thread.dll` in the thread that set it" in found["advice"]
    paths = owners(result, "libfilter.so")
    threads = {path.removeprefix("__main__.per_thread.dll of thread ") for path in paths}
    assert len(threads) == 3 and threads < set(os.listdir(f"/proc/{target.pid}/task"))


def test_pointer_type_cache(python, sample, run):
    result = attach(run, sample(python, "pointer_type_cache"))
    if python.minor >= 14:  # the pointer type is an attribute of its class: nothing keeps both
        assert [one["code"] for one in result.json["findings"]] == ["leaked-open"]
        return
    found = only_finding(result, "root-pins-handle", "libfilter.so")
    assert (found["severity"], found["count"]) == ("warning", 3)
    assert "make the class once, at module level" in found["advice"]
    cache = "<dict> in _ctypes" if python.minor == 13 else "_ctypes._pointer_type_cache"
    assert owners(result, "libfilter.so") == \
        [f"<class __main__.request.<locals>.Message>.dll, a key of {cache}"] * 3


def test_function_cycle(python, sample, run):
    result = attach(run, sample(python, "function_cycle"))
    found, = result.finding("cycle-pins-handle")
    assert (found["library"], found["severity"], found["count"]) == ("libthumbnail.so", "error", 4)
    assert "ctypes' own function cache" in found["advice"]
    assert sorted(one["code"] for one in result.json["findings"]) == ["cycle-pins-handle", "gc-off"]


def test_frozen_garbage(python, sample, run):
    result = attach(run, sample(python, "frozen_garbage"))
    found, = result.finding("cycle-pins-handle")
    assert (found["library"], found["severity"], found["count"]) == ("libcodec.so", "error", 2)
    assert "frozen by gc.freeze()" in found["title"]
    assert "`__main__.Codec.table['checksum']`" in found["advice"]
    pinning, = [one for one in result.json["cycles"] if "libcodec.so" in one["pins"]]
    assert pinning["state"] == "frozen"
    off, = result.finding("gc-off")
    assert "gc.collect() before gc.freeze()" in off["advice"]
    assert result.json["process"]["gc_frozen"] > 0
