"""An object that memory refers to, behind a guard page in one mapping with it, as in a thread's stack from
glibc 2.42 on."""

import ctypes
import mmap
import sys

GUARD_INSTALL = 102  # MADV_GUARD_INSTALL, Linux 6.13


class Kept:
    pass


kept = Kept()
ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))
memory = mmap.mmap(-1, 3 * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
memory[0] = 1
memory[2 * mmap.PAGESIZE:2 * mmap.PAGESIZE + 8] = id(kept).to_bytes(8, "little")
try:
    memory.madvise(GUARD_INSTALL, mmap.PAGESIZE, mmap.PAGESIZE)
    print("ready with a guard", flush=True)
except OSError:
    print("ready", flush=True)
sys.stdin.read()
