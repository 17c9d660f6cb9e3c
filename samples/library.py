"""Where the samples' C libraries are, and dlclose() with the argument types that it needs."""

import ctypes
import os
import signal
from pathlib import Path

BUILD = Path(os.environ.get("HEAPGRAPH_BUILD") or Path(__file__).resolve().parent.parent / "build")


def path(name):
    return str(BUILD / "samples" / f"lib{name}.so")


# ctypes never calls dlclose itself. Without argtypes a call would cut the handle to 32 bits.
_dlclose = ctypes.CDLL(None).dlclose
_dlclose.argtypes = [ctypes.c_void_p]
_dlclose.restype = ctypes.c_int


def dlclose(handle):
    if _dlclose(handle) != 0:
        raise OSError("dlclose failed")


def wait():
    """Says that the process is ready to be looked into, then sleeps until somebody ends it."""
    print("ready", os.getpid(), flush=True)
    while True:
        signal.pause()
