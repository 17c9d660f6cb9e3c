"""A handle that belongs to another library now.

What is wrong: `checksums` was closed by its handle, but the CDLL object is still there. A handle is an
address, and the dynamic linker gives it to the next library that fits. Whoever closes `checksums` a second
time closes that one under its users, and what is looked up in `checksums` is the other library's.

The fix: drop the CDLL object where its handle is closed (`checksums = None`).
"""

import ctypes
import os

import library

dlopen = ctypes.CDLL(None).dlopen
dlopen.argtypes = [ctypes.c_char_p, ctypes.c_int]
dlopen.restype = ctypes.c_void_p

checksums = ctypes.CDLL(library.path("codec"))
checksums.codec_checksum(b"payload", ctypes.c_size_t(7))
path = library.path("filter")
library.dlclose(checksums._handle)  # the line after which `checksums` must not be used
handle = dlopen(path.encode(), os.RTLD_NOW)
in_use = ctypes.CDLL(path, handle=handle)
library.wait()
