"""A library opened, used and closed again as it should be: there is nothing to find.

Filter owns its handle, close() gives it back exactly once and forgets the object that held it, and a
second one is still open and reachable on purpose.
"""

import ctypes
import gc

import library


class Filter:
    def __init__(self):
        self.dll = ctypes.CDLL(library.path("filter"))

    def clamp(self, value):
        return self.dll.filter_clamp(value, 0, 255)

    def close(self):
        handle = self.dll._handle
        self.dll = None
        gc.collect()  # the CDLL and its function objects refer to each other
        library.dlclose(handle)


closed = Filter()
closed.clamp(300)
closed.close()

in_use = Filter()
in_use.clamp(-1)
library.wait()
