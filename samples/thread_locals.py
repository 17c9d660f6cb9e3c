"""Libraries kept by the thread-local variables of threads that have nothing to do.

What is wrong: each worker opens libfilter.so for itself and keeps it in a threading.local(). The pool's
threads wait for work until the process ends, and so does what they keep, however long ago it was
needed.

The fix: let the workers use one library that is opened at module level, or `del per_thread.dll` when a
job is done.
"""

import concurrent.futures
import ctypes
import threading

import library


class PerThread(threading.local):
    dll = None


per_thread = PerThread()
all_started = threading.Barrier(3)


def job(value):
    all_started.wait()
    per_thread.dll = ctypes.CDLL(library.path("filter"))  # what should not stay
    return per_thread.dll.filter_clamp(value, 0, 255)


pool = concurrent.futures.ThreadPoolExecutor(max_workers=3)
list(pool.map(job, range(3)))
library.wait()
