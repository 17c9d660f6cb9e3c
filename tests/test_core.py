"""Core files: what attach says of a process, report says of its core, by gcore and by the kernel."""

import os
from pathlib import Path

import pytest

import tool
from agreement import BY_NATURE, gcore, kernel_core, needs_gcore, same

SAMPLES = ("opened_in_a_loop", "cycle_pins_library", "rightly_released", "counting_manager",
           "two_opens_one_release", "callback_in_c", "capsule_outlives_library", "class_registry",
           "closed_and_mapped", "closure_keeps_function", "dangling_after_dlclose",
           "frozen_garbage", "function_cycle", "function_outlives_library", "handle_reused",
           "library_cache", "lru_cache_on_method", "resurrected", "suspended_generator",
           "thread_locals", "traceback_keeps_pointer", "context_variable", "pooled_connections")


@pytest.fixture(scope="session", autouse=True)
def has_gdb():
    needs_gcore()


def in_its_folder(python, folder, monkeypatch):
    """Where the kernel writes the core of what is started next: a root's targets stand in the root."""
    if not python.root:
        folder.mkdir()
        monkeypatch.chdir(folder)


def at_kernel(python, target, run, *arguments):
    """What is said of the core that the kernel writes of the target, which ends by it."""
    core = kernel_core(target, Path(os.readlink(f"/proc/{target.pid}/cwd")))
    sysroot = ("--sysroot", python.root) if python.root else ()
    try:
        return [run(verb, core, *sysroot, *options) for verb, *options in arguments]
    finally:
        core.unlink()


def as_it_saw(python, live):
    """The kernel names files as the process saw them."""
    if python.root:
        live.out = live.out.replace(str(python.root), "")
    return live


def has_lost_a_stack(python, result):
    """gcore leaves zeros for threads' stacks that have a guard page by madvise(), and that is said."""
    return (python.has_glibc(2, 42) and result.code == 6 and
            "the stack" in result.json["capture"]["incomplete"][0])


@pytest.mark.parametrize("name", SAMPLES)
def test_gcore_of_samples(name, heavy_python, sample, run, tmp_path, monkeypatch):
    in_its_folder(heavy_python, tmp_path / "crash", monkeypatch)
    target = sample(heavy_python, name)
    core = gcore(target.pid, tmp_path)
    result = run("report", core, "--json")
    live = run("attach", target.pid, "--json")
    if has_lost_a_stack(heavy_python, result):
        result, = at_kernel(heavy_python, target, run, ("report", "--json"))
        live = as_it_saw(heavy_python, live)
    assert result.code == 0, result.err
    same(live, result)


@pytest.mark.parametrize("name", ("cycle_pins_library", "callback_in_c", "suspended_generator"))
def test_both_cores(name, python, sample, run, tmp_path, monkeypatch):
    """Live process, core by gcore, core by the kernel, snapshot: one answer."""
    in_its_folder(python, tmp_path / "crash", monkeypatch)
    target = sample(python, name)
    first = run("report", gcore(target.pid, tmp_path), "--json")
    live = run("attach", target.pid, "--json")
    assert first.code == 0, first.err
    same(live, first)
    snapshot = tmp_path / "a.hgs"
    second, saved = at_kernel(python, target, run, ("report", "--json"), ("types", "-o", snapshot))
    live = as_it_saw(python, live)
    assert second.code == 0, second.err
    same(live, second)
    assert saved.code == 0, saved.err
    same(live, run("report", snapshot, "--json"))


def test_verbs_take_a_core(heavy_python, sample, run, tmp_path):
    target = sample(heavy_python, "cycle_pins_library")
    core = gcore(target.pid, tmp_path)
    for verb in (("handles",), ("cycles",), ("types",), ("retained",),
                 ("why", "type:ctypes.CDLL"), ("refs", "type:ctypes.CDLL"),
                 ("backrefs", "type:ctypes.CDLL")):
        live = run(verb[0], target.pid, *verb[1:], "--json")
        dead = run(verb[0], core, *verb[1:], "--json")
        assert (live.code, dead.code) == (0, 0), verb
        expected, said = live.json, dead.json
        for key in BY_NATURE | {"searched"}:
            expected.pop(key, None)
            said.pop(key, None)
        assert said == expected, verb


def test_other_binaries_are_refused(heavy_python, sample, run, tmp_path):
    """The file at the program's path is another one by now: --exe has to name the one that ran."""
    target = sample(heavy_python, "rightly_released")
    core = gcore(target.pid, tmp_path)
    empty = tmp_path / "root"
    empty.mkdir()
    result = run("report", core, "--sysroot", empty)
    tool.assert_error(result, 5, "not found", "--sysroot DIR")
    result = run("report", core, "--exe", "/bin/sh", "-v")
    assert result.code in (5, 6) and "another build" in result.out + result.err
    own = (heavy_python.root or "") + heavy_python.path
    result = run("report", core, "--exe", own, "--json")
    assert result.code == 0, result.err


def test_held_gil_is_said(heavy_python, start, run, tmp_path):
    """A core of a thread in the midst of Python code: the heap may be in motion."""
    target = start(heavy_python, "keeps_gil.py")
    result = run("report", gcore(target.pid, tmp_path), "--json")
    assert result.code == 6
    assert result.json["capture"]["consistent"] is False
    assert "held the GIL" in " ".join(result.json["capture"]["incomplete"])
