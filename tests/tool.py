"""Running the heapgraph that was built."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

BUILD = Path(os.environ.get("HEAPGRAPH_BUILD")
             or Path(__file__).resolve().parent.parent / "build").resolve()
BUILD_ASAN = os.environ.get("HEAPGRAPH_BUILD_ASAN")


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    def finding(self, code):
        """The findings that have this code."""
        return [found for found in self.json["findings"] if found["code"] == code]

    @property
    def told(self):
        """All findings in short: {(code, severity, library, count, path)}."""
        keys = ("code", "severity", "library", "count", "path")
        return {tuple(found.get(key) for key in keys) for found in self.json["findings"]}

    def library(self, name):
        """(opens, owners, leaked opens, paths of the handles' owners); None: not loaded."""
        for one in self.json["libraries"]:
            if one["name"] == name:
                return (one["opens"], one["owners"], one["leaked_opens"],
                        [held["path"] for held in one["holders"] if held["kind"] == "handle"])
        return None

    def stale(self):
        """What outlives its library: {(kind, library, state, path)}."""
        return {(one["kind"], os.path.basename(one["names"] or ""), one["state"], one["path"])
                for one in self.json["stale"]}


def needs_root_to_attach():
    """Where yama confines ptrace to descendants, only root may attach to a target of the tests."""
    try:
        scope = Path("/proc/sys/kernel/yama/ptrace_scope").read_text().strip()
    except OSError:
        return False
    return scope != "0" and os.geteuid() != 0


def command(*arguments, build=BUILD):
    prefix = ["sudo", "-n"] if needs_root_to_attach() else []
    return [*prefix, str(Path(build) / "heapgraph"), *map(str, arguments)]


def heapgraph(*arguments, cwd=None, build=BUILD, timeout=180, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    done = subprocess.run(command(*arguments, build=build), cwd=cwd, capture_output=True, text=True,
                          timeout=timeout, **options)
    return Result(done.returncode, done.stdout, done.stderr)


def assert_error(result, code, what, hint=None):
    """One line that says what failed and why, one hint, the right exit code, nothing else said."""
    assert result.code == code, (result.code, result.err)
    lines = result.err.strip().splitlines()
    assert lines and lines[0].startswith("heapgraph: "), result.err
    assert len(lines) <= 2, result.err
    assert what in lines[0], result.err
    if len(lines) == 2:
        assert lines[1].startswith("hint: "), result.err
    if hint:
        assert len(lines) == 2 and hint in lines[1], result.err
    assert result.out == ""
