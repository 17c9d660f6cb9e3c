"""The name of a `with` statement that outlives its block.

What is wrong: the context manager closes libcodec.so at the end of the block, and that is right. But
Python leaves the name `codec` bound after the block, so the CDLL object and the function that was looked
up in it are still there, and both point into a library that is gone.

The fix: `del codec` after the block, or better put the block into a function of its own.
"""

import ctypes

import library


class OpenedCodec:
    def __enter__(self):
        self.dll = ctypes.CDLL(library.path("codec"))
        return self.dll

    def __exit__(self, *exception):
        library.dlclose(self.dll._handle)
        self.dll = None


with OpenedCodec() as codec:
    codec.codec_checksum(b"payload", ctypes.c_size_t(7))
library.wait()  # `codec` is still bound here
