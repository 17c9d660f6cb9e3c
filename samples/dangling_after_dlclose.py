"""A handle that is used after the library was unloaded.

What is wrong: release() closes libcodec.so, but the registry still holds the CDLL object whose handle
is now the address of freed memory. The next call through it jumps into unmapped memory.

The fix: remove the entry from the registry in release(), before dlclose().
"""

import ctypes

import library

codecs = {}


def load(name):
    codecs[name] = ctypes.CDLL(library.path(name))


def release(name):
    library.dlclose(codecs[name]._handle)  # `codecs.pop(name)` would be right


load("codec")
release("codec")
library.wait()
