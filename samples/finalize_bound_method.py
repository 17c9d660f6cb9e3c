"""A finalizer that prevents what it waits for.

What is wrong: weakref.finalize() calls self.close when the object dies. But the registry of finalizers
holds the bound method, and a bound method holds its object: it never dies, and close() is called at the
exit of the interpreter at the earliest.

The fix: register a function that does not refer to the object:
`weakref.finalize(self, library.dlclose, self.dll._handle)`.
"""

import ctypes
import weakref

import library


class Decoder:
    def __init__(self):
        self.dll = ctypes.CDLL(library.path("codec"))
        weakref.finalize(self, self.close)  # the line to change

    def close(self):
        library.dlclose(self.dll._handle)


for request in range(3):
    Decoder()
library.wait()
