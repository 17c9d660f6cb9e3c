"""Fixtures of the end-to-end tests. Options: --thorough attaches hundreds of times."""

import json
import os
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import interpreters  # noqa: E402
import processes  # noqa: E402
import python_module  # noqa: E402
import tool  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--thorough", action="store_true",
                     help="as many attaches as the project's figures are claimed for")
    parser.addoption("--table", action="store_true",
                     help="print what was reported on each program that has nothing wrong")


def pytest_collection_modifyitems(items):
    """Tests of one target beside each other, so that a session's slow fixtures are made once."""
    items.sort(key=lambda item: item.module.__name__)


def pytest_report_header(config):
    found, missing = interpreters.discover(config.getoption("--thorough"))
    lines = ["interpreters: " + ", ".join(one.name for one in found)]
    lines += [f"missing {name}: {reason}" for name, reason in missing.items()]
    return lines


def pytest_generate_tests(metafunc):
    """`python`: every interpreter found; `one_python`: the one with the newest installed version;
    `heavy_python`: that one, or all with --thorough."""
    found, missing = interpreters.discover(metafunc.config.getoption("--thorough"))
    everyone = [pytest.param(one, id=one.name) for one in found]
    everyone += [pytest.param(None, id=name, marks=pytest.mark.skip(reason=reason))
                 for name, reason in missing.items()]
    if "python" in metafunc.fixturenames:
        metafunc.parametrize("python", everyone, scope="session")
    plain = [one for one in found if not one.root]
    newest = max(plain, key=lambda one: (one.minor, one.version))
    only = [pytest.param(newest, id=newest.name)]
    if "one_python" in metafunc.fixturenames:
        metafunc.parametrize("one_python", only, scope="session")
    if "heavy_python" in metafunc.fixturenames:
        heavy = everyone if metafunc.config.getoption("--thorough") else only
        metafunc.parametrize("heavy_python", heavy, scope="session")


def pytest_terminal_summary(terminalreporter, config):
    if not config.getoption("--table"):
        return
    rows = [value for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])
            for name, value in report.user_properties if name == "table"]
    terminalreporter.section("what was reported on programs that have nothing wrong")
    for row in [("PROGRAM", "PYTHON", "OBJECTS", "LIBRARIES", "REPORTED"), *sorted(rows)]:
        terminalreporter.write_line("{:<16} {:<12} {:>8} {:>9}  {}".format(*row))


@pytest.fixture(scope="session", autouse=True)
def prepared_roots(thorough):
    used = [one for one in interpreters.discover(thorough)[0] if one.root]
    for one in used:
        interpreters.prepare_root(one, tool.BUILD)
    yield
    for one in used:
        interpreters.clear_root(one.root)


@pytest.fixture(scope="session", autouse=True)
def built():
    path = tool.BUILD / "heapgraph"
    if not path.exists():
        pytest.exit(f"{path} is not built: run ./dev build", returncode=1)


@pytest.fixture
def start():
    """start(interpreter, script, *arguments): a running Target, checked and ended after the test."""
    targets = []

    def _start(interpreter, script, *arguments, **options):
        targets.append(processes.Target(interpreter, script, *arguments, **options))
        return targets[-1]

    yield _start
    try:
        for target in targets:
            assert target.process.poll() is None or getattr(target, "may_end", False), \
                f"{target.name} ended with {target.process.returncode} during the test"
    finally:
        for target in targets:
            target.close()


@pytest.fixture
def sample(start):
    """sample(interpreter, name): a running program of samples/; `site` has packages it imports."""
    def _sample(interpreter, name, site=None):
        path = interpreters.TESTS.parent / "samples" / f"{name}.py"
        build = interpreter.build_directory(tool.BUILD)
        environment = {"HEAPGRAPH_BUILD": build}
        if site:
            environment["PYTHONPATH"] = str(site)
        return start(interpreter, str(path), environment=environment)

    return _sample


@pytest.fixture
def look(sample, run):
    """look(interpreter, name): what attach --json says of a running program of samples/."""
    def _look(interpreter, name, site=None):
        target = sample(interpreter, name, site)
        result = run("attach", target.pid, "--json")
        assert result.code == 0, result.err
        target.assert_unharmed()
        return result

    return _look


@pytest.fixture
def run(tmp_path):
    """run(*arguments): heapgraph in a directory of its own."""
    def _run(*arguments, **options):
        options.setdefault("cwd", tmp_path)
        return tool.heapgraph(*arguments, **options)

    return _run


@pytest.fixture(scope="session")
def thorough(request):
    return request.config.getoption("--thorough")


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """packages(interpreter): the folder that has the package for it."""
    made = {}

    def _package(python):
        if python.name not in made:
            folder = tmp_path_factory.mktemp("module")
            made[python.name] = (folder, python_module.build(python, folder))
        folder, reason = made[python.name]
        if reason:
            pytest.skip(reason)
        return folder

    return _package


@pytest.fixture
def inside(packages, python):
    """inside(code): what a program that imports heapgraph says, one JSON value a line."""
    def _inside(code, *arguments):
        done = subprocess.run(
            python.among_ours("-c", python_module.PRELUDE + code, *arguments), capture_output=True,
            text=True, timeout=120, env={**os.environ, "HEAPGRAPH_PACKAGE": str(packages(python)),
                                         "HEAPGRAPH_BUILD": python.build_directory(tool.BUILD)})
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return _inside
