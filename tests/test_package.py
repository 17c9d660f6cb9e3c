"""What pip makes of the source: sdist, wheel, editable install, and what is left after uninstalling."""

import os
import re
import shutil
import subprocess
import zipfile
from email import message_from_string
from pathlib import Path

import interpreters
import pytest
import python_module
import sites
import tool

SCRIPT = """
import heapgraph
from typing import Dict, List, Optional, Tuple

class Session: ...

kept: List[Session] = [Session()]
before: heapgraph.Snapshot = heapgraph.snapshot()
why: str = repr(heapgraph.why_alive(kept[0]))
counted: Optional[int] = heapgraph.refcount(kept[0]).counted
top: List[Tuple[str, int]] = heapgraph.most_common_types(3)
grown: heapgraph.Answer = heapgraph.diff(before, heapgraph.snapshot())
plain: Dict[str, object] = grown.to_dict()
chain: List[object] = heapgraph.find_backref_chain(kept[0], heapgraph.is_proper_module)
def hint(error: heapgraph.Error) -> Optional[str]: return error.hint
assert why and counted and top and plain and chain
"""


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Environment:
    """A venv."""

    def __init__(self, python, folder):
        self.folder = folder
        run(python, "-m", "venv", folder)

    def command(self, program):
        return self.folder / "bin" / program

    def run(self, program, *arguments, **options):
        """As if it was activated."""
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return run(self.command(program), *arguments, env={**os.environ, "PATH": path}, **options)

    def get(self, *packages):
        """Installs from the index; skips where there is none."""
        done = subprocess.run([self.command("pip"), "install", "-q", *packages], capture_output=True,
                              text=True)
        if done.returncode:
            pytest.skip(f"pip cannot have {packages[0]}: {done.stderr.strip().splitlines()[-1]}")


def environment(python, folder):
    if python.root:
        pytest.skip("no pip in its root")
    return Environment(python.path, folder)


def commit(folder):
    """The source as a repository of one commit, as it lies here: an sdist has what is committed."""
    listed = run("git", "-c", "safe.directory=*", "ls-files", "-z", "--cached",
                 "--others", "--exclude-standard", cwd=python_module.ROOT)
    for name in filter(None, listed.split("\0")):
        if (python_module.ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(python_module.ROOT / name, folder / name)
    run("git", "init", "-q", cwd=folder)
    run("git", "add", "-A", cwd=folder)
    run("git", "-c", "user.name=me", "-c", "user.email=me@localhost", "commit", "-qm", "-", cwd=folder)


@pytest.fixture(scope="module")
def built_wheel(heavy_python, tmp_path_factory):
    """(wheel, folder that it was built in, gone by now): made from an sdist, as an index would do."""
    if not (python_module.ROOT / ".git").exists():
        pytest.skip("an sdist is made of a repository, and this is none")
    source, made = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    builder = environment(heavy_python, tmp_path_factory.mktemp("builder") / "venv")
    builder.get("meson-python", "build")
    commit(source)
    builder.run("python", "-m", "build", "--no-isolation", "--sdist", "-o", made, source)
    sdist, = made.glob("heapgraph-*.tar.gz")
    builder.run("pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", made, sdist)
    shutil.rmtree(source)
    wheel, = made.glob("*.whl")
    return wheel, source


def test_wheel_is_whole(built_wheel):
    wheel, source = built_wheel
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        meta, = [name for name in names if name.endswith(".dist-info/METADATA")]
        metadata = message_from_string(archive.read(meta).decode())
        binaries = {name: archive.read(name) for name in names
                    if name == "heapgraph/heapgraph" or name.endswith(".so")}
    package = {name.split("/")[1] for name in names if name.startswith("heapgraph/")}
    written = {path.name for path in python_module.PACKAGE.iterdir() if path.suffix in (".py", ".pyi")}
    assert written | {"py.typed", "heapgraph"} <= package
    for wanted in ("/LICENSE", "/share/man/man1/heapgraph.1", "/heapgraph-gdb.py"):
        assert [name for name in names if name.endswith(wanted)], wanted
    assert metadata["Name"] == "heapgraph" and metadata["License-Expression"] == "MIT"
    assert metadata["Version"] == tool.heapgraph("--version").out.split()[1]
    classifiers = metadata.get_all("Classifier")
    assert [one for one in classifiers if re.search(r":: 3\.\d+$", one)] == \
        [f"Programming Language :: Python :: 3.{minor}" for minor in interpreters.SUPPORTED]
    assert metadata.get_payload().startswith("# heapgraph")
    assert len(binaries) == 2
    for binary in binaries.values():
        assert str(source).encode() not in binary and str(python_module.ROOT).encode() not in binary


@pytest.fixture(scope="module")
def installed(built_wheel, heavy_python, tmp_path_factory):
    """A venv that has the wheel; when all is done it is uninstalled, and nothing of it is left."""
    venv = environment(heavy_python, tmp_path_factory.mktemp("user") / "venv")
    before = set(venv.folder.rglob("*"))
    venv.run("pip", "install", "-q", "--no-index", built_wheel[0])
    yield venv
    venv.run("pip", "uninstall", "-q", "-y", "heapgraph")
    assert {path for path in set(venv.folder.rglob("*")) - before if "heapgraph" in path.name} == set()


def test_installed(installed, tmp_path):
    """As a user does: the command, `python -m heapgraph` and the module."""
    installed.run("pip", "check")
    version = tool.heapgraph("--version").out
    assert installed.run("heapgraph", "--version") == version
    assert installed.run("python", "-m", "heapgraph", "--version") == version
    said = installed.run("python", "-W", "error", "-c", "import heapgraph; print(heapgraph.report())",
                         cwd=tmp_path)
    assert "in-process" in said
    (tmp_path / "script.py").write_text(SCRIPT)
    installed.run("python", "-W", "error", "script.py", cwd=tmp_path)
    for binary in installed.folder.rglob("*heapgraph*"):
        if binary.is_file() and binary.read_bytes()[:4] == b"\x7fELF":
            assert not re.search("R(UN)?PATH", run("readelf", "-d", binary)), binary


def test_gdb_file(installed, heavy_python, start, tmp_path):
    """It finds the command that came with it, and the command says where it is."""
    if not shutil.which("gdb"):
        pytest.skip("gdb is not installed")
    target = start(heavy_python, "idle.py")
    script = installed.folder / "share" / "heapgraph" / "heapgraph-gdb.py"
    done = subprocess.run(
        ["gdb", "-nx", "-batch", "-iex", "set auto-load python-scripts off", "-p", str(target.pid),
         "-ex", f"shell {installed.command('heapgraph')} attach {target.pid}", "-ex", f"source {script}",
         "-ex", "python print(HEAPGRAPH.tool.program())", "-ex", "heapgraph types -q --limit 1"],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=tmp_path,
        env={**os.environ, "HEAPGRAPH": "", "DEBUGINFOD_URLS": ""})
    assert f"source {script}, then heapgraph report" in done.stderr
    assert f"{installed.command('heapgraph')}\n" in done.stdout and "RETAINED" in done.stdout, done.stderr


def test_types(installed, one_python, tmp_path):
    """What a checker says of the package itself, and of a user's script by the types that come with it."""
    checker = {**os.environ, "PYTHONPATH": str(sites.site_for(one_python, "mypy", "pytest"))}
    strict = [one_python.path, "-m", "mypy", "--strict"]
    run(*strict, "--ignore-missing-imports", python_module.PACKAGE, cwd=tmp_path, env=checker)
    check = [*strict, "--python-executable", str(installed.command("python"))]
    (tmp_path / "script.py").write_text(SCRIPT)
    run(*check, "script.py", cwd=tmp_path, env=checker)
    (tmp_path / "wrong.py").write_text("import heapgraph\nx: str = heapgraph.count('dict')\n")
    done = subprocess.run([*check, "wrong.py"], cwd=tmp_path, capture_output=True, text=True, env=checker)
    assert 'expression has type "int", variable has type "str"' in done.stdout


def test_editable(one_python, tmp_path):
    """The package from the source, what is compiled from a build directory: both are found."""
    venv = environment(one_python, tmp_path / "venv")
    venv.get("meson-python", "ninja")
    venv.run("pip", "install", "-q", "--no-build-isolation",
             f"--config-settings=build-dir={tmp_path / 'build'}", "-e", python_module.ROOT)
    code = "import heapgraph; print(heapgraph.__file__); print(heapgraph.report())"
    said = venv.run("python", "-c", code, cwd=tmp_path)
    assert Path(said.splitlines()[0]).parent == python_module.PACKAGE and "in-process" in said
