"""Unpacks an interpreter of another Debian suite into a cache directory, to be run by chroot.

The interpreters at hand are seldom all that heapgraph claims to read. A Debian suite that has the
missing one is asked through apt itself: the mirror is the one this machine's apt is configured with,
the packages are verified with the archive's keyring, and only the closure of the wanted packages is
downloaded (an empty dpkg status makes apt resolve it in full). Nothing is installed: packages are
unpacked with `dpkg -x`, so no maintainer script runs.

    python3 tests/roots.py 3.14          prints the root's directory, making it first if need be
"""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

# Which suites to ask for a version, in this order. The headers (-dev) serve those who verify layouts.
SUITES = {
    "3.9": (["bullseye"], ["python3.9", "libpython3.9-dev"]),
    "3.13": (["trixie"], ["python3.13", "libpython3.13-dev"]),
    "3.14": (["forky", "sid"], ["python3.14", "libpython3.14-dev"]),
    "3.15": (["sid"], ["python3.15", "libpython3.15-dev"]),
}
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Unavailable(Exception):
    """Why a root cannot be had here; the text is a reason to skip."""


def cache_directory():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / "heapgraph"


def _run(*arguments):
    done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.startswith("E:")]
        reason = lines[0] if lines else f"exit {done.returncode}"
        raise Unavailable(f"{arguments[0]}: {reason}")
    return done.stdout


def _mirror():
    """The Debian archive that apt uses here (not its security or update pockets)."""
    listing = _run("apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(SITE)|$(REPO_URI)",
                   "Created-By: Packages")
    for line in listing.splitlines():
        origin, label, _, uri = line.split("|")
        if origin == "Debian" and label == "Debian":
            return uri.rstrip("/")
    raise Unavailable("apt here is configured with no Debian archive, or `apt-get update` never ran")


class _Apt:
    """apt with its lists, cache and dpkg status in a directory of its own."""

    def __init__(self, work, suite):
        for name in ("lists/partial", "cache/archives/partial", "sources.d"):
            (work / name).mkdir(parents=True, exist_ok=True)
        (work / "status").write_text("")
        signed = f"[signed-by={KEYRING}] " if os.path.exists(KEYRING) else ""
        (work / "sources.list").write_text(f"deb {signed}{_mirror()} {suite} main\n")
        self.archives = work / "cache/archives"
        self.options = []
        for key, value in {
            "Dir::State::status": work / "status",
            "Dir::State::lists": work / "lists",
            "Dir::Cache": work / "cache",
            "Dir::Cache::archives": self.archives,
            "Dir::Etc::sourcelist": work / "sources.list",
            "Dir::Etc::sourceparts": work / "sources.d",
            "APT::Architecture": "amd64",
            "APT::Install-Recommends": "false",
            "APT::Sandbox::User": "root" if os.geteuid() == 0 else "",
            "Acquire::Languages": "none",
            "Debug::NoLocking": "true",
        }.items():
            self.options += ["-o", f"{key}={value}"]
        # Images made for containers delete what was downloaded; here it is what we came for.
        self.options += ["-o", "APT::Keep-Downloaded-Packages=true"]

    def get(self, *arguments):
        return _run("apt-get", "-q", "-y", *self.options, *arguments)


def _merge_usr(root):
    """The links of a merged /usr: packages since 2023 rely on them and no longer ship both."""
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")


def _unpack(suite, packages, root):
    work = root.with_name(root.name + ".apt")
    shutil.rmtree(work, ignore_errors=True)
    try:
        apt = _Apt(work, suite)
        apt.get("update")
        apt.get("install", "--download-only", *packages)
        fresh = root.with_name(root.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        _merge_usr(fresh)
        for package in sorted(apt.archives.glob("*.deb")):
            _run("dpkg", "-x", str(package), str(fresh))
        for name in ("tmp", "proc", "dev", "srv"):
            (fresh / name).mkdir(exist_ok=True)
        fresh.rename(root)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _python_root_from(version, suites, packages, root):
    if (root / "usr/bin" / f"python{version}").exists():
        return root
    reasons = []
    for suite in suites:
        try:
            _unpack(suite, packages, root)
            return root
        except Unavailable as reason:
            reasons.append(f"{suite}: {reason}")
    raise Unavailable(f"CPython {version}: " + "; ".join(reasons))


def python_root(version):
    """The directory of a root with python`version` in /usr/bin. Raises Unavailable with the reason."""
    if version not in SUITES:
        raise Unavailable(f"no Debian suite is listed for CPython {version}")
    suites, packages = SUITES[version]
    root = cache_directory() / f"root-{version}"
    if (root / "usr/bin" / f"python{version}").exists():
        return root
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        raise Unavailable("apt-get and dpkg are not here to unpack a Debian suite")
    root.parent.mkdir(parents=True, exist_ok=True)
    with open(root.with_name(root.name + ".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run may be at it
        return _python_root_from(version, suites, packages, root)


if __name__ == "__main__":
    try:
        print(python_root(sys.argv[1]))
    except Unavailable as reason:
        sys.exit(f"roots.py: {reason}")
