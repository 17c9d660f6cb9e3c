"""A loader that closes libraries when their last user drops them, and a function it does not know of.

What is wrong: the loader keeps its libraries in a WeakSet, which is right: it must not keep them open.
A Library closes its handle when it is dropped. But `clamp` was taken out of it and keeps only the CDLL
object, not the Library, so libfilter.so is closed under it.

The fix: keep the Library as long as its functions (`filter = loader.load("filter")`, then
`filter.dll.filter_clamp(...)`), as `codec` is kept here.
"""

import ctypes
import weakref

import library


class Library:
    def __init__(self, name):
        self.dll = ctypes.CDLL(library.path(name))

    def __del__(self):
        library.dlclose(self.dll._handle)


class Loader:
    def __init__(self):
        self.loaded = weakref.WeakSet()

    def load(self, name):
        loaded = Library(name)
        self.loaded.add(loaded)
        return loaded


loader = Loader()
codec = loader.load("codec")
codec.dll.codec_checksum(b"payload", ctypes.c_size_t(7))
filter = loader.load("filter")
clamp = filter.dll.filter_clamp
del filter  # closes the library, and `clamp` is still there
library.wait()
