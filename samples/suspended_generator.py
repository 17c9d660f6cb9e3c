"""A generator that was made with an open library and is continued after it was closed.

What is wrong: the decorator opens libcodec.so around the call of a generator function. Such a call
returns as soon as the generator is made and primed, so the library is closed while the generator is
suspended at its yield. Its locals `dll` and `checksum` point into a hole; the next send() jumps there.

The fix: open and close the library inside the generator (`with opened_codec() as dll:` around its
loop), so that it is closed when the generator ends.
"""

import contextlib
import ctypes
import functools

import library


@contextlib.contextmanager
def opened_codec():
    dll = ctypes.CDLL(library.path("codec"))
    try:
        yield dll
    finally:
        library.dlclose(dll._handle)


def with_codec(function):
    @functools.wraps(function)
    def wrapper():
        with opened_codec() as dll:
            generator = function(dll)
            next(generator)  # runs it to its first yield
            return generator  # and the block ends here
    return wrapper


@with_codec
def checksums(dll):
    checksum = dll.codec_checksum
    result = None
    while True:
        data = yield result
        result = checksum(data, ctypes.c_size_t(len(data)))


stream = checksums()
library.wait()
