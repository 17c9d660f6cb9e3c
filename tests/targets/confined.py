"""confined.py subreaper|seccomp|signals|memory|plain: an interpreter in surroundings of its own making.

subreaper: orphans of its descendants become its children. seccomp: a filter that refuses fork, clone,
mmap of executable memory aside, with EPERM. signals: every signal that can be is blocked.
memory: no more than a megabyte of address space is left below the soft limit.
"""

import ctypes
import os
import resource
import signal
import struct
import sys

import common

PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 36, 38, 22
libc = ctypes.CDLL(None, use_errno=True)


def prctl(option, *arguments):
    values = [ctypes.c_ulong(value) for value in (arguments + (0, 0, 0, 0))[:4]]
    if libc.prctl(option, *values):
        raise OSError(ctypes.get_errno(), "prctl")


def refuse(numbers):
    """A seccomp filter: EPERM for these system calls (seccomp(2), struct sock_filter)."""
    load, jump_equal, ret = 0x20, 0x15, 0x06
    allow, refuse_with = 0x7FFF0000, 0x00050000 | 1
    code = struct.pack("<HBBI", load, 0, 0, 0)
    for number in numbers:
        code += struct.pack("<HBBI", jump_equal, 0, 1, number)
        code += struct.pack("<HBBI", ret, 0, 0, refuse_with)
    code += struct.pack("<HBBI", ret, 0, 0, allow)
    program = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("<HxxxxxxQ", len(code) // 8, ctypes.addressof(program))
    buffer = ctypes.create_string_buffer(header, len(header))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_SECCOMP, 2, ctypes.addressof(buffer))


def children():
    """A child found by waitpid(-1): its pid, or 0. This process never makes one."""
    try:
        return os.waitpid(-1, os.WNOHANG)[0]
    except ChildProcessError:
        return 0


kind = sys.argv[1]
if kind == "subreaper":
    prctl(PR_SET_CHILD_SUBREAPER, 1)
elif kind == "seccomp":
    refuse([56, 57, 58, 435])  # clone, fork, vfork, clone3
elif kind == "signals":
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
elif kind == "memory":
    with open("/proc/self/statm", encoding="ascii") as statm:
        used = int(statm.read().split()[0]) * resource.getpagesize()
    limits = {limit: (used + (1 << 20), resource.getrlimit(limit)[1])
              for limit in (resource.RLIMIT_AS, resource.RLIMIT_DATA)}
    for limit, values in limits.items():
        resource.setrlimit(limit, values)
common.serve({"children": children})
