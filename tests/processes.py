"""Target processes: started, talked to, looked at from outside, and ended by their pid."""

import json
import os
import select
import subprocess
import time
import uuid
from pathlib import Path

TARGETS = Path(__file__).resolve().parent / "targets"
READY_SECONDS = 120


def status(pid):
    """/proc/PID/status as a dict of strings; None where there is no such process."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    except (FileNotFoundError, ProcessLookupError):
        return None


def all_pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


class Target:
    """A script of tests/targets (or a sample) under an interpreter, ready to be looked into.

    It carries a random word in its argv, by which a stray copy of it is found wherever it was
    re-parented to.
    """

    def __init__(self, interpreter, script, *arguments, environment=None, name=None):
        path = script if os.path.isabs(script) else TARGETS / script
        self.token = "token-" + uuid.uuid4().hex
        self.name = name or f"{os.path.basename(script)} on {interpreter.name}"
        self.process = subprocess.Popen(
            interpreter.command(path, *arguments, self.token), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, bufsize=0, env={**os.environ, **(environment or {})})
        self.pid = self.process.pid
        self._buffer = b""
        try:
            line = self.line(READY_SECONDS)
            assert line.startswith("ready"), f"{self.name} said {line!r} instead of ready"
        except BaseException:  # nobody else has it yet, who could end it
            self.close()
            raise

    def line(self, seconds=30):
        """The next line of its output."""
        deadline = time.monotonic() + seconds
        output = self.process.stdout
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([output], [], [], left)[0]:
                raise AssertionError(f"{self.name} (pid {self.pid}) said nothing for {seconds} s")
            data = os.read(output.fileno(), 65536)
            if not data:
                code = self.process.wait()
                raise AssertionError(f"{self.name} (pid {self.pid}) ended with {code}")
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line.decode()

    def ask(self, command, seconds=60):
        """Sends a command of targets/common.py and returns its answer."""
        os.write(self.process.stdin.fileno(), command.encode() + b"\n")
        return json.loads(self.line(seconds))

    def settle(self, seconds=30):
        """Until its main thread sleeps, waiting for a command say: what it did before is done."""
        deadline = time.monotonic() + seconds
        while status(self.pid)["State"][0] != "S":
            assert time.monotonic() < deadline, f"{self.name} does not come to rest"
            time.sleep(0.002)

    def alive(self):
        return self.process.poll() is None

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def strays(self):
        """Processes that are children of the target, or carry its word and are not it."""
        found = []
        for pid in all_pids():
            if pid == self.pid:
                continue
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    is_copy = self.token.encode() in file.read()
            except OSError:
                continue
            state = status(pid)
            if state and (is_copy or int(state["PPid"]) == self.pid):
                found.append((pid, state["Name"], state["State"]))
        return found

    def assert_unharmed(self, patience=0.0):
        """Alive, running, traced by nobody, and no process of its kind beside it.

        What heapgraph leaves to the kernel to clear away after a SIGKILL may take `patience`
        seconds.
        """
        deadline = time.monotonic() + patience
        while True:
            assert self.alive(), f"{self.name} died: {self.process.returncode}"
            state = status(self.pid)
            wrong = []
            if state["TracerPid"] != "0":
                wrong.append(f"is traced by {state['TracerPid']}")
            if state["State"][0] in "tT":
                wrong.append(f"is stopped: {state['State']}")
            for thread in os.listdir(f"/proc/{self.pid}/task"):
                one = status(f"{self.pid}/task/{thread}")
                if one and one["State"][0] in "tT":
                    wrong.append(f"thread {thread} is stopped: {one['State']}")
            strays = self.strays()
            if strays:
                wrong.append(f"has strays {strays}")
            if not wrong:
                return
            if time.monotonic() >= deadline:
                raise AssertionError(f"{self.name} (pid {self.pid}) " + "; ".join(wrong))
            time.sleep(0.05)
