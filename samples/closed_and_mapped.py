"""Libraries that stay in the process although everybody closed them.

What is wrong: nothing, but it looks like a leak. libresident.so is linked with `-z nodelete`, and
libunique.so has a unique symbol (C++ templates make such), so that dlclose() never unloads them and does
not even count. libbase.so was opened and closed, but libtop.so, which is open, needs it.

The fix: none is needed; a new version of such a library takes effect in a new process only, and
libbase.so goes when libtop.so is closed.
"""

import ctypes
import gc

import library

for name in ("resident", "unique", "base"):
    dll = ctypes.CDLL(library.path(name))
    handle = dll._handle
    del dll
    gc.collect()
    library.dlclose(handle)

in_use = ctypes.CDLL(library.path("top"))
base = ctypes.CDLL(library.path("base"))
handle = base._handle
del base
gc.collect()
library.dlclose(handle)
library.wait()
