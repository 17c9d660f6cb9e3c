"""A service that writes a snapshot of itself: on a signal, on MemoryError, at exit."""

from __future__ import annotations

import atexit
import os
import resource
import signal as signals
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any, Callable, Optional

from .command import Error, PathLike
from .snapshots import take_unasked


class _Writer:
    """Snapshots into a folder, no two within ``seconds`` of each other."""

    def __init__(self, folder: PathLike, seconds: float, redact: bool) -> None:
        self.folder, self.seconds, self.redact = Path(folder), seconds, redact
        self.lock, self.pid = threading.Lock(), os.getpid()
        self.last: Optional[float] = None

    def write(self, why: str) -> None:
        """Writes none where another was written a moment ago, or is being written."""
        if self.pid != os.getpid():  # a fork, which may have met the lock held by a thread left behind
            self.lock, self.pid, self.last = threading.Lock(), os.getpid(), None
        if not self.lock.acquire(blocking=False):
            return
        try:
            now = time.monotonic()
            if self.last is None or now - self.last >= self.seconds:
                take_unasked(self._name(why), redact=self.redact)
                self.last = now
        except Exception as error:  # the program goes on: it did not ask for this
            if sys.stderr is not None:  # a daemon may have none, and print() would take stdout
                print(f"heapgraph: no snapshot: {error}", file=sys.stderr)
        finally:
            self.lock.release()

    def _name(self, why: str) -> Path:
        now = time.time()
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now)) + f"{int(now * 1000) % 1000:03}"
        return self.folder / f"heapgraph-{os.getpid()}-{stamp}-{why}.hgs"


class _Installed:
    """What install() has changed: the handler of the signal, which it is itself, and the hooks."""

    def __init__(self, writer: _Writer) -> None:
        self.writer = writer
        self.signal: Optional[int] = None
        self.before: Any = None

    def __call__(self, number: int, frame: Optional[FrameType]) -> None:
        self.writer.write("signal")

    def take_signal(self, signal: int) -> None:
        before = signals.getsignal(signal)
        if isinstance(before, _Installed):
            before.undo()
            before = signals.getsignal(signal)
        if before not in (signals.SIG_DFL, signals.SIG_IGN):
            raise Error(f"{signals.Signals(signal).name} has a handler already: {before!r}",
                        "give another signal")
        try:
            signals.signal(signal, self)
        except ValueError as error:
            raise Error(f"cannot handle the signal: {error}", "call heapgraph.install() in the main thread")
        self.signal, self.before = signal, before

    def watch_memory(self) -> None:
        self.hook, self.thread_hook = sys.excepthook, threading.excepthook
        sys.excepthook, threading.excepthook = self.on_exception, self.on_thread_exception

    def on_exception(self, kind: Any, value: Any, traceback: Any) -> None:
        self._exception(kind)
        self.hook(kind, value, traceback)

    def on_thread_exception(self, arguments: Any) -> None:
        self._exception(arguments.exc_type)
        self.thread_hook(arguments)

    def _exception(self, kind: type) -> None:
        if not issubclass(kind, MemoryError):
            return
        limits = [(which, *resource.getrlimit(which)) for which in (resource.RLIMIT_AS, resource.RLIMIT_DATA)]
        for which, _, most in limits:  # what ran short is needed now
            resource.setrlimit(which, (most, most))
        self.writer.write("memory")
        for which, now, most in limits:
            resource.setrlimit(which, (now, most))

    def on_exit(self) -> None:
        self.writer.last = None
        self.writer.write("exit")

    def undo(self) -> None:
        """Idempotent. What was put in place of ours since then stays."""
        current: object = None if self.signal is None else signals.getsignal(self.signal)
        if self.signal is not None and current is self:
            signals.signal(self.signal, self.before)
        atexit.unregister(self.on_exit)
        if sys.excepthook == self.on_exception:
            sys.excepthook = self.hook
        if threading.excepthook == self.on_thread_exception:
            threading.excepthook = self.thread_hook


def install(signal: int = signals.SIGUSR2, folder: PathLike = ".", *, seconds: float = 60,
            redact: bool = False, on_memory_error: bool = False,
            at_exit: bool = False) -> Callable[[], None]:
    """Writes a snapshot of this process into ``folder`` when ``signal`` comes.

    For a service that nobody may attach to: ``heapgraph.install(signal.SIGUSR2, "/var/tmp")``. The file,
    which only its owner may read, appears whole or not at all; another signal within ``seconds`` of it
    writes none. ``on_memory_error`` also where a MemoryError ends the program or a thread, ``at_exit``
    when it exits; ``redact`` leaves values out.

    To be called in the main thread, before or after the service forks; a second call for a signal takes
    the place of the first. Gives a function that takes it all back. A signal that somebody else
    handles, and a folder that cannot be written to, are refused.
    """
    if not Path(folder).is_dir():
        raise Error(f"no such folder: {os.fspath(folder)}", f"mkdir -p {os.fspath(folder)}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Error(f"cannot write to {os.fspath(folder)}: Permission denied", "give another folder")
    installed = _Installed(_Writer(Path(folder).resolve(), seconds, redact))
    installed.take_signal(signal)
    if on_memory_error:
        installed.watch_memory()
    if at_exit:
        atexit.register(installed.on_exit)
    return installed.undo
