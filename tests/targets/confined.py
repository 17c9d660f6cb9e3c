"""confined.py subreaper|seccomp|signals|memory|plain: an interpreter in surroundings of its own making.

subreaper: orphans of its descendants become its children. seccomp: a filter that refuses fork, clone,
mmap of executable memory aside, with EPERM. signals: every signal that can be is blocked.
memory: no more than a megabyte of address space is left below the soft limit.
"""

import os
import resource
import signal
import sys

import common
from confine import prctl, refuse

PR_SET_CHILD_SUBREAPER = 36


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
