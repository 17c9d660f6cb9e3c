"""Garbage that was frozen.

What is wrong: the service calls gc.freeze() when it has started, so that its forked workers share the
memory. At that moment the codecs of the start-up are garbage that gc has not taken yet: `self -> table ->
bound method -> self` is a cycle. Frozen, it is never looked at again, and their library stays open.

The fix: `gc.collect()` before `gc.freeze()`, as the documentation of gc.freeze() says.
"""

import ctypes
import gc

import library


class Codec:
    def __init__(self):
        self.dll = ctypes.CDLL(library.path("codec"))
        self.table = {"checksum": self.checksum}

    def checksum(self, data):
        return self.dll.codec_checksum(data, ctypes.c_size_t(len(data)))


for start_up in range(2):
    Codec().table["checksum"](b"self-test")
gc.freeze()  # the line that needs gc.collect() before it
library.wait()
