"""Native memory that is allocated, and not freed on the way that an exception takes.

What is wrong: process() allocates a buffer in libbuffer.so and frees it after the work. When the work
raises, buffer_free() is not reached. The last trace of the buffer is the local `buffer` of a frame that
is over: the exception, stored in `last_error`, keeps its traceback, and that keeps the frame.

The fix: `try: ... finally: lib.buffer_free(buffer)`; and store str(error), not the exception, or clear
it with `error.with_traceback(None)`.
"""

import ctypes

import library

lib = ctypes.CDLL(library.path("buffer"))
lib.buffer_allocate.argtypes = [ctypes.c_size_t]
lib.buffer_allocate.restype = ctypes.c_void_p
lib.buffer_free.argtypes = [ctypes.c_void_p]
last_error = None


def parse(data):
    if not data.startswith(b"\x89PNG"):
        raise ValueError("not a PNG file")


def process(data):
    buffer = lib.buffer_allocate(1 << 14)
    parse(data)
    lib.buffer_free(buffer)  # not reached


try:
    process(b"GIF89a")
except ValueError as error:
    last_error = error
library.wait()
