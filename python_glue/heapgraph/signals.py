"""A service that writes a snapshot of itself: on a signal, on MemoryError, at exit."""

from __future__ import annotations

import atexit
import os
import signal as signals
import sys
import threading
import time
from pathlib import Path
from typing import Callable, Optional

from .command import PathLike
from .snapshots import snapshot


class _Writer:
    """Snapshots into a folder, no two within ``seconds`` of each other."""

    def __init__(self, folder: PathLike, seconds: float, redact: bool) -> None:
        self.folder, self.seconds, self.redact = Path(folder), seconds, redact
        self.lock, self.pid = threading.Lock(), os.getpid()
        self.last: Optional[float] = None

    def write(self, why: str) -> Optional[Path]:
        """The file; None where another was written a moment ago, or is being written."""
        if self.pid != os.getpid():  # a fork, which may have met the lock held by a thread left behind
            self.lock, self.pid = threading.Lock(), os.getpid()
        if not self.lock.acquire(blocking=False):
            return None
        try:
            now = time.monotonic()
            if self.last is not None and now - self.last < self.seconds:
                return None
            self.last = now
            stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
            path = self.folder / f"heapgraph-{os.getpid()}-{stamp}-{why}.hgs"
            snapshot(path, redact=self.redact)
            return path
        except Exception as error:  # the program goes on: it did not ask for this
            print(f"heapgraph: no snapshot: {error}", file=sys.stderr)
            return None
        finally:
            self.lock.release()


def install(signal: int = signals.SIGUSR2, folder: PathLike = ".", *, seconds: float = 60,
            redact: bool = False, on_memory_error: bool = False,
            at_exit: bool = False) -> Callable[[], None]:
    """Writes a snapshot of this process into ``folder`` when ``signal`` comes.

    For a service that nobody may attach to. The file appears whole or not at all; another signal
    within ``seconds`` writes none. ``on_memory_error`` also where a MemoryError ends the program,
    ``at_exit`` when it exits. To be called in the main thread; gives a function that takes it all
    back. FileNotFoundError where the folder is not there.
    """
    if not Path(folder).is_dir():
        raise FileNotFoundError(f"no such folder: {os.fspath(folder)}")
    writer = _Writer(Path(folder).resolve(), seconds, redact)
    before = signals.signal(signal, lambda number, frame: writer.write("signal") and None)
    hook = sys.excepthook

    def on_exception(kind, value, traceback):
        if issubclass(kind, MemoryError):
            writer.write("memory")
        hook(kind, value, traceback)

    def on_exit():
        writer.last = None
        writer.write("exit")

    if on_memory_error:
        sys.excepthook = on_exception
    if at_exit:
        atexit.register(on_exit)

    def uninstall() -> None:
        signals.signal(signal, before)
        atexit.unregister(on_exit)
        if sys.excepthook is on_exception:
            sys.excepthook = hook

    return uninstall
