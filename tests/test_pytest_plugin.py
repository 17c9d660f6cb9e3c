"""The pytest plugin on tests of many kinds, which leak or do not (targets/leaky_suite.py)."""

import os
import re
import subprocess

import interpreters
import pytest
import sites
import tool

OUTCOMES = {"leaks": {"FAILED"}, "leaves": {"PASSED", "ERROR"}, "clean": {"PASSED"}, "fails": {"FAILED"},
            "skips": {"SKIPPED"}}


@pytest.fixture
def suite(packages, heavy_python, tmp_path):
    """suite(*options): (outcomes by test, what pytest printed)."""
    site = sites.site_for(heavy_python, "pytest", "pytest-xdist", "pytest-asyncio")
    environment = {**os.environ, "HEAPGRAPH_BUILD": str(tool.BUILD), "TMPDIR": str(tmp_path / "tmp"),
                   "PYTHONPATH": f"{packages(heavy_python)}:{site}"}
    source = interpreters.TESTS / "targets" / "leaky_suite.py"
    (tmp_path / "tmp").mkdir()
    (tmp_path / "test_suite.py").write_bytes(source.read_bytes())

    def run(*options):
        done = subprocess.run(
            [heavy_python.path, "-m", "pytest", "-p", "heapgraph.pytest_plugin", "-p", "no:cacheprovider",
             "-rA", "-W", "ignore", *options], capture_output=True, text=True, cwd=tmp_path,
            env=environment, timeout=600)
        told = {}
        for outcome, name in re.findall(r"^(PASSED|FAILED|ERROR) \S*::test_(\w+)", done.stdout, re.M):
            told.setdefault(name, set()).add(outcome)
        if "SKIPPED [1]" in done.stdout:
            told["skips"] = {"SKIPPED"}
        assert not list((tmp_path / "tmp").glob("heapgraph-*")), "no file is left"
        return told, done.stdout

    if heavy_python.root:
        pytest.skip("pytest does not run in a root")
    return run


def expected(told):
    return {name: OUTCOMES[name.split("_")[0]] for name in told}


def section(printed, name):
    return re.search(rf"^_+ (?:\w+\.)?test_{name} _+\n(.*?)\n(?=_{{5}}|={{5}}|-{{5}})", printed, re.M | re.S)[1]


def test_who_leaks_fails(suite):
    told, printed = suite("-k", "not by_option")
    assert told == expected(told) and len(told) == 31
    assert "libfilter.so: opens 0 -> 1, owners 0 -> 0" in section(printed, "leaks_opens")
    assert re.search(r"descriptor \d+ is open on /dev/null, kept by test_suite\.kept\[0\]",
                     section(printed, "leaks_descriptor"))
    cycle = section(printed, "leaks_cycle")
    assert "1 cycle of test_suite.Proc that only the collector frees:" in cycle and ".me" in cycle
    assert "fix: " in cycle
    assert "__traceback__" in section(printed, "leaks_exception_cycle")
    instance = section(printed, "leaks_instance")
    assert "test_suite.Proc: instances" in instance and "test_suite.kept[1]" in instance
    assert len(instance.splitlines()) < 20
    assert "AssertionError" in printed and "libcodec.so: opens 0 -> 1, owners 0 -> 1" in printed


def test_side_by_side(suite):
    told, _ = suite("-n", "2", "-k", "not by_option")
    assert told == expected(told) and len(told) == 31


def test_all_are_guarded_by_option(suite):
    told, printed = suite("--heapgraph", "-k", "by_option or let_alone or case")
    assert told == {"guarded_by_option": {"FAILED"}, "clean_let_alone": {"PASSED"}, "clean_case": {"PASSED"},
                    "leaks_case": {"FAILED"}, "fails_case": {"FAILED"}}
    told, _ = suite("-o", "heapgraph=true", "-k", "by_option")
    assert told == {"guarded_by_option": {"FAILED"}}
