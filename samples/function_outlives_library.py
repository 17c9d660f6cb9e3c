"""Functions that are called after their library was unloaded.

What is wrong: with_codec() closes libcodec.so when its block ends, but `checksum`, which a wrapper's
closure and a table of plug-ins still hold, is the address of code in it. A function made from a bare
address (`by_address`) does not even keep the CDLL object alive. The next call jumps into a hole.

The fix: keep the functions no longer than the block; let the table hold an object that opens the
library itself and closes it when the table entry goes.
"""

import contextlib
import ctypes
import gc

import library


@contextlib.contextmanager
def with_codec():
    dll = ctypes.CDLL(library.path("codec"))
    try:
        yield dll
    finally:
        library.dlclose(dll._handle)


def checked(function):
    def wrapper(data):
        return function(data, ctypes.c_size_t(len(data)))  # the closure that outlives the block
    return wrapper


plugins = {}
with with_codec() as codec:
    plugins["checksum"] = checked(codec["codec_checksum"])
    plugins["checksum"](b"payload")
    prototype = ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_char_p, ctypes.c_size_t)
    by_address = prototype(ctypes.cast(codec.codec_checksum, ctypes.c_void_p).value)
del codec
gc.collect()
library.wait()
