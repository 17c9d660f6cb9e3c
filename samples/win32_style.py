"""LoadLibrary, GetProcAddress and FreeLibrary, as a Windows programmer writes them on Linux.

What is wrong: handles are plain integers and functions are made from plain addresses, so nothing keeps
a library open for as long as its functions are used. `checksum` was made from an address in libcodec.so,
which is closed; the next call jumps into a hole. `thumbnail` is the only trace of the open libthumbnail.so:
when that integer is forgotten, nobody can close the library any more.

The fix: use ctypes.CDLL objects and their functions, which keep each other; where a handle must be an
integer, close it in the `finally:` of the block that opened it, and let no function outlive that block.
"""

import ctypes

import library

RTLD_NOW = 2
linker = ctypes.CDLL(None)
linker.dlopen.argtypes = [ctypes.c_char_p, ctypes.c_int]
linker.dlopen.restype = ctypes.c_void_p
linker.dlsym.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
linker.dlsym.restype = ctypes.c_void_p


def LoadLibrary(name):
    return linker.dlopen(library.path(name).encode(), RTLD_NOW)


def GetProcAddress(handle, name, prototype):
    return prototype(linker.dlsym(handle, name.encode()))


def FreeLibrary(handle):
    library.dlclose(handle)


thumbnail = LoadLibrary("thumbnail")
codec = LoadLibrary("codec")
checksum = GetProcAddress(codec, "codec_checksum",
                          ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_char_p, ctypes.c_size_t))
checksum(b"payload", 7)
FreeLibrary(codec)
del codec
library.wait()
