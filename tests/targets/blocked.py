"""Threads that block in system calls by ctypes, each counting what an interruption would show.

libc is called directly, because Python itself would retry a call that ends in EINTR. Command
`status`: for each call how many returned, with EINTR, or earlier than they should.
"""

import ctypes
import os
import select
import socket
import threading
import time

import common

libc = ctypes.CDLL(None, use_errno=True)
EINTR = 4
SYS_FUTEX, FUTEX_WAIT_PRIVATE = 202, 128
SECONDS = 0.4
TOLERANCE = 0.002  # clocks: epoll and poll count whole milliseconds
state = {}


class timespec(ctypes.Structure):
    _fields_ = [("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long)]


def wait_time():
    return timespec(0, int(SECONDS * 1e9))


def watch(name, call, sleeps):
    """Calls again and again. `sleeps`: a return by itself must take SECONDS at least."""
    counts = state[name] = {"calls": 0, "eintr": 0, "short": 0}
    while True:
        ctypes.set_errno(0)
        begin = time.monotonic()
        result = call()
        elapsed = time.monotonic() - begin
        counts["calls"] += 1
        if result == -1 and ctypes.get_errno() == EINTR:
            counts["eintr"] += 1
        elif sleeps and elapsed < SECONDS - TOLERANCE:
            counts["short"] += 1


def accept_one(listener):
    descriptor = libc.accept(listener.fileno(), None, None)
    if descriptor >= 0:
        os.close(descriptor)
    return descriptor


def begin(name, call, sleeps=True):
    threading.Thread(target=watch, args=(name, call, sleeps), daemon=True).start()


read_end, write_end = os.pipe()
quiet_end, _ = os.pipe()
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(8)
epoll = select.epoll()
epoll.register(quiet_end, select.EPOLLIN)
events = ctypes.create_string_buffer(64)
byte = ctypes.create_string_buffer(1)
word = ctypes.c_int(0)
lock = threading.Lock()
lock.acquire()
milliseconds = int(SECONDS * 1000)
pollfd = ctypes.create_string_buffer(quiet_end.to_bytes(4, "little") + b"\x01\x00\x00\x00", 8)

begin("epoll_wait", lambda: libc.epoll_wait(epoll.fileno(), events, 1, milliseconds))
begin("poll", lambda: libc.poll(pollfd, 1, milliseconds))
begin("nanosleep", lambda: libc.nanosleep(ctypes.byref(wait_time()), None))
begin("futex", lambda: libc.syscall(SYS_FUTEX, ctypes.byref(word), FUTEX_WAIT_PRIVATE, 0,
                                    ctypes.byref(wait_time()), None, 0))
begin("lock", lambda: lock.acquire(timeout=SECONDS))
begin("read", lambda: libc.read(read_end, byte, 1), sleeps=False)
begin("accept", lambda: accept_one(listener), sleeps=False)
common.serve_from_a_thread({"status": lambda: state})
while True:
    time.sleep(0.3)
    os.write(write_end, b".")
    socket.create_connection(listener.getsockname()).close()
