"""Counts what it must not miss while somebody looks into it: signals, threads, children.

It starts and ends threads and children all the time; a signal is sent again only after it was
counted, so a lost or a doubled one shows. Command `status`. Argument `subreaper`: it becomes one.
"""

import ctypes
import signal
import subprocess
import sys
import threading
import time

import common

state = {"signals": 0, "threads": 0, "children": 0, "failed": 0, "foreign": 0}
PR_SET_CHILD_SUBREAPER = 36

if "subreaper" in sys.argv:
    assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def on_signal(number, frame):
    state["signals"] += 1


def on_sigchld(number, frame):
    state["foreign"] += 1  # counts all; those of its own children are taken off in `status`


def status():
    return {**state, "foreign": state["foreign"] > state["children"] + 1}


def start_threads():
    while True:
        some = [threading.Thread(target=time.sleep, args=(0.001,)) for _ in range(4)]
        for one in some:
            one.start()
        for one in some:
            one.join()
        state["threads"] += len(some)


def start_children():
    while True:
        if subprocess.run(["/bin/true"], check=False).returncode != 0:
            state["failed"] += 1
        state["children"] += 1
        time.sleep(0.002)


signal.signal(signal.SIGUSR1, on_signal)
signal.signal(signal.SIGCHLD, on_sigchld)
for function in (start_threads, start_children):
    threading.Thread(target=function, daemon=True).start()
threading.Thread(target=common.serve, args=({"status": status}, False), daemon=True).start()
while True:
    time.sleep(0.01)
