"""Core files: what attach says of a process, report says of its core, by gcore and by the kernel."""

import os
import shutil
import subprocess
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


@pytest.mark.parametrize("name", SAMPLES)
def test_gcore_of_samples(name, heavy_python, sample, run, tmp_path):
    target = sample(heavy_python, name)
    core = gcore(target.pid, tmp_path)
    result = run("report", core, "--json")
    assert result.code == 0, result.err
    same(run("attach", target.pid, "--json"), result)


@pytest.mark.parametrize("name", ("cycle_pins_library", "callback_in_c", "suspended_generator"))
def test_both_cores(name, python, sample, run, tmp_path, monkeypatch):
    """Live process, core by gcore, core by the kernel, snapshot: one answer."""
    sysroot = ("--sysroot", python.root) if python.root else ()
    crash = tmp_path / "crash"
    crash.mkdir()
    if not python.root:
        monkeypatch.chdir(crash)
    target = sample(python, name)
    first = run("report", gcore(target.pid, tmp_path), "--json")
    live = run("attach", target.pid, "--json")
    assert first.code == 0, first.err
    same(live, first)
    folder = Path(os.readlink(f"/proc/{target.pid}/cwd"))
    core = kernel_core(target, folder)
    second = run("report", core, *sysroot, "--json")
    snapshot = tmp_path / "a.hgs"
    saved = run("types", core, *sysroot, "-o", snapshot)
    core.unlink()
    if python.root:  # the kernel names files as the process saw them
        live.out = live.out.replace(str(python.root), "")
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
    result = run("report", core, "--exe", heavy_python.path, "--json")
    assert result.code == 0, result.err


def test_held_gil_is_said(heavy_python, start, run, tmp_path):
    """A core of a thread in the midst of Python code: the heap may be in motion."""
    script = tmp_path / "busy.py"
    script.write_text("print('ready', flush=True)\nwhile True: pass\n", encoding="utf-8")
    target = start(heavy_python, str(script))
    result = run("report", gcore(target.pid, tmp_path), "--json")
    assert result.code == 6
    assert result.json["capture"]["consistent"] is False
    assert "held the GIL" in " ".join(result.json["capture"]["incomplete"])


@pytest.mark.parametrize("packer", ("zstd", "lz4"))
def test_compressed_cores(packer, heavy_python, sample, run, tmp_path):
    """As systemd-coredump keeps them; a damaged one is one line."""
    if not shutil.which(packer):
        pytest.skip(f"{packer} is not installed")
    target = sample(heavy_python, "cycle_pins_library")
    core = gcore(target.pid, tmp_path)
    packed = tmp_path / "core.packed"
    subprocess.run([packer, "-q", str(core), "-o" if packer == "zstd" else "-z", str(packed)],
                   check=True)
    result = run("report", packed, "--json")
    assert result.code == 0, result.err
    same(run("attach", target.pid, "--json"), result)
    data = packed.read_bytes()
    packed.write_bytes(data[:len(data) // 2])
    tool.assert_error(run("report", packed), 5, "it is truncated")
    packed.write_bytes(data[:100] + b"\xff" * 64 + data[164:])
    tool.assert_error(run("report", packed), 5, "damaged")
    page = tmp_path / "page"
    page.write_text("no core", encoding="utf-8")
    packed.unlink()
    subprocess.run([packer, "-q", str(page), "-o" if packer == "zstd" else "-z", str(packed)],
                   check=True)
    tool.assert_error(run("report", packed), 5, "is no core")
