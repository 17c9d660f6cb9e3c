"""Four threads that build and drop cycles, while the main thread watches over the process.

The main thread calls waitpid(-1) again and again (a child that it did not make must never show up),
counts SIGCHLD, and keeps checking data of its own against its checksum. Commands: `status`; `pause`
and `go` for the threads, so that the heap can be counted.
"""

import gc
import os
import signal
import threading
import time
import zlib

import common

running = threading.Event()
running.set()
parked = threading.Semaphore(0)
state = {"loops": 0, "sigchld": 0, "children": 0, "damaged": 0, "checks": 0}
THREADS = 4


class Node:
    def __init__(self, other):
        self.other = other
        self.payload = {"list": [self], "tuple": (self, other), "closure": lambda: self}


def churn():
    while True:
        first = Node(None)
        first.other = Node(first)
        kept = [Node(first) for _ in range(20)]
        del kept
        state["loops"] += 1
        if not running.is_set():
            del first
            parked.release()
            running.wait()


def pause():
    running.clear()
    for _ in range(THREADS + 1):
        parked.acquire()
    time.sleep(0.1)  # from the semaphore into the wait
    gc.collect()
    gc.disable()
    return state


def go():
    gc.enable()
    running.set()
    return state


def on_sigchld(number, frame):
    state["sigchld"] += 1


def watch():
    data = [{"key": n, "value": [n, str(n), (n, n * 1.5)]} for n in range(2000)]
    expected = zlib.crc32(repr(data).encode())
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            state["children"] += 1
        except ChildProcessError:
            pass
        if zlib.crc32(repr(data).encode()) != expected:
            state["damaged"] += 1
        state["checks"] += 1
        time.sleep(0.005)
        if not running.is_set():
            parked.release()
            running.wait()


signal.signal(signal.SIGCHLD, on_sigchld)
gc.set_threshold(700, 10, 10)
for _ in range(THREADS):
    threading.Thread(target=churn, daemon=True).start()
commands = {"status": lambda: state, "pause": pause, "go": go}
common.serve_from_a_thread(commands, still=False)
watch()
