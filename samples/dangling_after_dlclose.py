"""A handle, and a function, that are used after the library was unloaded.

What is wrong: release() closes libcodec.so, but the registry still holds the CDLL object, whose handle
is the address of freed memory now, and `checksum` is the address of code that is no longer there. The
next call jumps into unmapped memory.

The fix: remove the entry from the registry in release(), before dlclose(), and look functions up where
they are used.
"""

import ctypes

import library

codecs = {}


def load(name):
    codecs[name] = ctypes.CDLL(library.path(name))
    return codecs[name]


def release(name):
    library.dlclose(codecs[name]._handle)  # `codecs.pop(name)` would be right


checksum = load("codec").codec_checksum
checksum(b"payload", ctypes.c_size_t(7))
release("codec")
library.wait()
