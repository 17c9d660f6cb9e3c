"""A library opened in a namespace of its own, and forgotten.

What is wrong: isolated() opens libfilter.so with dlmopen(), in a new namespace, so that it cannot see the
program's libraries. The handle is an integer that nobody keeps: the copy can never be closed. There can be
16 namespaces in a process, and then dlmopen() fails.

The fix: keep the handle, and dlclose() it in a finally block.
"""

import ctypes

import library

LM_ID_NEWLM, RTLD_NOW = -1, 2
dlmopen = ctypes.CDLL(None).dlmopen
dlmopen.argtypes = [ctypes.c_long, ctypes.c_char_p, ctypes.c_int]
dlmopen.restype = ctypes.c_void_p


def isolated(name):
    handle = dlmopen(LM_ID_NEWLM, library.path(name).encode(), RTLD_NOW)  # the line to change
    if not handle:
        raise OSError(f"cannot open {name} in a namespace of its own")


for request in range(2):
    isolated("filter")
library.wait()
