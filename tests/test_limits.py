"""A user who may have no more processes: the target's limit gives way for the copy, and is back after
it, whatever becomes of heapgraph."""

import os
import random
import subprocess
import time

import pytest
from test_bad_input import running
from test_permission import as_nobody, run_as_nobody, system_python  # noqa: F401
from tool import assert_error, command

LIMIT = 1  # of processes: the target itself is one too many
CODE = """
import os, resource, sys
soft, hard = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NPROC, (soft, hard))
print('ready', flush=True)
sys.stdin.read()
"""


def limited(python, soft, hard):
    return running(*as_nobody(python, "-c", CODE, str(soft), str(hard)))


def limit_of(pid):
    """(soft, hard); prlimit(2) would need CAP_SYS_RESOURCE."""
    with open(f"/proc/{pid}/limits", encoding="ascii") as file:
        words = next(line for line in file if line.startswith("Max processes")).split()
    return int(words[2]), int(words[3])


def state_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file)


@pytest.mark.parametrize("mode", ["fork", "pause"])
def test_soft_limit_gives_way(system_python, tmp_path, mode):  # noqa: F811
    with limited(system_python, LIMIT, 1000) as process:
        assert process.stdout.readline() == b"ready\n"
        result = run_as_nobody("types", process.pid, "--json", "--mode", mode, cwd=tmp_path)
        assert result.code == 0, result.err
        assert limit_of(process.pid) == (LIMIT, 1000)
        assert state_of(process.pid)["TracerPid"] == "0"


@pytest.mark.parametrize("mode", ["fork", "pause"])
def test_hard_limit_needs_root(system_python, tmp_path, mode):  # noqa: F811
    with limited(system_python, LIMIT, LIMIT) as process:
        assert process.stdout.readline() == b"ready\n"
        result = run_as_nobody("types", process.pid, "--mode", mode, cwd=tmp_path)
        assert_error(result, 1, "cannot copy process", f"sudo heapgraph attach {process.pid}")
        assert limit_of(process.pid) == (LIMIT, LIMIT)
        assert state_of(process.pid)["TracerPid"] == "0"


def test_limit_is_back_when_heapgraph_is_killed(system_python, tmp_path, thorough):  # noqa: F811
    os.chmod(tmp_path, 0o777)
    with limited(system_python, LIMIT, 1000) as process:
        assert process.stdout.readline() == b"ready\n"
        assert run_as_nobody("types", process.pid, cwd=tmp_path).code == 0
        for _ in range(200 if thorough else 40):
            attach = subprocess.Popen(as_nobody(*command("types", process.pid)), cwd=tmp_path,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(random.uniform(0, 0.02))
            attach.kill()
            attach.wait()
            deadline = time.monotonic() + 5
            while time.monotonic() < deadline:  # the thread puts it back when it runs on
                now = limit_of(process.pid)
                if now == (LIMIT, 1000):
                    break
                time.sleep(0.01)
            assert now == (LIMIT, 1000)
            assert process.poll() is None
