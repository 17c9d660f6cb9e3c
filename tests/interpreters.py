"""Which CPythons are on this machine, and how to start a script under each.

Found: pyenv's (~/.pyenv/versions), /usr/bin/python3.N and /usr/local/bin/python3.N, and roots of
other Debian suites (roots.py) for versions that are missing. HEAPGRAPH_PYTHONS, a list of paths
separated by colons, is added to them. Only versions that heapgraph reads are listed.
"""

import functools
import glob
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import roots

SUPPORTED = range(8, 16)  # the N of 3.N
FROM_A_SUITE = ["3.14", "3.15"]  # unpacked where no installed interpreter has that version
# Unpacked in thorough runs, whatever is installed: other builds, and glibc 2.31 and 2.41.
FROM_A_SUITE_THOROUGH = ["3.9", "3.13"]
TESTS = Path(__file__).resolve().parent
# Where a root sees the targets and the samples' libraries: roots are shared by all that test here at
# one time, so each run has a folder of its own in them.
IN_ROOTS = Path("/srv")
IN_ROOT = IN_ROOTS / f"heapgraph-{os.getpid()}"
HOST = IN_ROOT / "host"
# sh -c AMONG_OURS sh ROOT HOST FOLDER... -- COMMAND...: the command in a root, in a mount namespace
# of its own, which ends with it. The root has /proc and /dev, the folders (of the tests, too) as here, and
# this machine as HOST. unshare, of here, does the chroot.
AMONG_OURS = """
root=$1 host=$2; shift 2
mount --rbind / "$root$host"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
while [ "$1" != -- ]; do mkdir -p "$root$1"; mount --rbind "$1" "$root$1"; shift; done
shift
[ -d "$root$PWD" ] || cd /
PATH=$PATH:${host%/*}/bin
exec unshare --root="$root" --wd="$PWD" "$@"
"""


CALL_HOST = """#!{python} -IS
import os, sys
try:
    folder = os.getcwd()
except FileNotFoundError:  # it was removed
    folder = "/"
os.chroot("{host}")
os.chdir(folder)
os.execv("{program}", ["{program}", *sys.argv[1:]])
"""


@dataclass(frozen=True)
class Interpreter:
    name: str                   # for test ids: "3.11.7", "debian-3.11"
    version: str                # "3.11.7"
    path: str                   # of the executable, as its own root sees it
    root: Optional[str] = None  # directory to chroot into

    @property
    def minor(self):
        return int(self.version.split(".")[1])

    def command(self, script, *arguments):
        """argv that runs a script of tests/ or samples/. In a root it runs the copy made there."""
        if not self.root:
            return [self.path, str(script), *arguments]
        inside = IN_ROOT / Path(script).resolve().relative_to(TESTS.parent)
        return ["chroot", self.root, self.path, str(inside), *arguments]

    def among_ours(self, *arguments):
        """argv that runs it where it sees the files of the tests, and that may call programs of here
        (by chroot to HOST)."""
        if not self.root:
            return [self.path, *arguments]
        folders = [tempfile.gettempdir(), str(roots.cache_directory()), str(TESTS.parent)]
        return ["unshare", "--mount", "sh", "-euc", AMONG_OURS, "sh", self.root, str(HOST), *folders,
                "--", self.path, *arguments]

    def import_error(self, module, site=""):
        """Why a module cannot be imported, of what lies in the folder `site` as well; None: it can."""
        chroot = ["chroot", self.root] if self.root else []
        done = subprocess.run([*chroot, self.path, "-c", f"import {module}"], capture_output=True,
                              text=True, env={**os.environ, "PYTHONPATH": str(site)})
        return done.stderr.splitlines()[-1] if done.returncode else None

    def has_glibc(self, *version):
        """Whether it runs on this glibc or a newer one."""
        chroot = ["chroot", self.root] if self.root else []
        done = subprocess.run([*chroot, self.path, "-c",
                               "import os; print(os.confstr('CS_GNU_LIBC_VERSION'))"],
                              capture_output=True, text=True, check=True)
        return tuple(map(int, done.stdout.split()[1].split("."))) >= version

    def build_directory(self, build):
        """The build directory's name as the interpreter sees it (for the samples' libraries)."""
        return str(IN_ROOT / "build") if self.root else str(build)


def _version_of(path):
    code = "import sys; v = sys.version_info; print('%d.%d.%d' % v[:3], sys.implementation.name)"
    try:
        done = subprocess.run([path, "-I", "-c", code], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.fullmatch(r"(3\.(\d+)\.\d+) cpython\n", done.stdout)
    if not match or int(match.group(2)) not in SUPPORTED:
        return None
    return match.group(1)


def _installed():
    home = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    found = [("", path) for path in sorted(glob.glob(f"{home}/versions/*/bin/python3"))]
    for directory, prefix in (("/usr/bin", "system-"), ("/usr/local/bin", "local-")):
        paths = sorted(glob.glob(f"{directory}/python3.[0-9]*"))
        found += [(prefix, path) for path in paths if re.search(r"python3\.\d+$", path)]
    for path in filter(None, os.environ.get("HEAPGRAPH_PYTHONS", "").split(":")):
        found.append(("extra-", path))
    seen = set()
    for prefix, path in found:
        real = os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        version = _version_of(path)
        if version:
            yield Interpreter(prefix + version, version, path)


def _from_suites(present, thorough):
    """(interpreter in a root, None), or (name, reason) for those that cannot be had."""
    absent = [version for version in FROM_A_SUITE
              if not any(one.version.startswith(version + ".") for one in present)]
    for wanted in absent + (FROM_A_SUITE_THOROUGH if thorough else []):
        name = f"suite-{wanted}"
        if os.geteuid() != 0:
            yield name, "chroot needs root"
            continue
        try:
            root = roots.python_root(wanted)
        except roots.Unavailable as reason:
            yield name, str(reason)
            continue
        path = f"/usr/bin/python{wanted}"
        done = subprocess.run(["chroot", str(root), path, "-V"], capture_output=True, text=True)
        if done.returncode:
            yield name, f"{path} does not start in its root: {done.stderr.strip()}"
            continue
        yield Interpreter(name, done.stdout.split()[1], path, str(root)), None


@functools.lru_cache(maxsize=None)
def discover(thorough=False):
    """(interpreters, {name: reason why it is missing})."""
    present = list(_installed())
    missing = {}
    for found, reason in _from_suites(tuple(present), thorough):
        if reason:
            missing[found] = reason
        else:
            present.append(found)
    present.sort(key=lambda one: ([int(part) for part in one.version.split(".")], one.name))
    return present, missing


def folder_in(root):
    return Path(root) / IN_ROOT.relative_to("/")


def clear_root(root):
    """Removes this run's folder, and those of runs that were killed."""
    for folder in (Path(root) / IN_ROOTS.relative_to("/")).glob("heapgraph-*"):
        owner = folder.name.split("-")[-1]
        if folder == folder_in(root) or not os.path.exists(f"/proc/{owner}"):
            shutil.rmtree(folder, ignore_errors=True)


def call_host(python, program, path):
    """Makes a program at `path` that calls one of this machine, for among_ours()."""
    path.write_text(CALL_HOST.format(python=python.path, host=HOST, program=program))
    path.chmod(0o755)


def prepare_root(python, build):
    """Copies targets, samples and the libraries of both into an interpreter's root."""
    clear_root(python.root)
    inside = folder_in(python.root)
    shutil.copytree(TESTS / "targets", inside / "tests/targets")
    shutil.copytree(TESTS.parent / "samples", inside / "samples")
    for folder in "samples", "tests/targets":
        (inside / "build" / folder).mkdir(parents=True)
        for library in Path(build, folder).glob("*.so"):
            shutil.copy(library, inside / "build" / folder)
    for name in HOST.name, "bin":
        (inside / name).mkdir()
    shell = Path(python.root, "usr/bin/sh")
    if not shell.exists():  # programs of the tests start some by it
        shutil.copy(os.path.realpath("/bin/sh"), shell)
    for program in filter(None, map(shutil.which, ("dot", "sleep"))):
        call_host(python, program, inside / "bin" / Path(program).name)
