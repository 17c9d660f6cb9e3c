"""A reference cycle that keeps a library handle open.

What is wrong: ImageProcessor stores a bound method of itself. `self -> __dict__ -> bound method ->
self` is a cycle, so dropping the last name for a processor does not free it: only gc could, and this
service has turned gc off to avoid its pauses. __del__, which would close the library, never runs.

The fix: store no bound method of self; keep `weakref.WeakMethod(self.brightness)`, or close the
library in an explicit close().
"""

import ctypes
import gc

import library


class ImageProcessor:
    def __init__(self):
        self.dll = ctypes.CDLL(library.path("imageproc"))
        self.on_image = self.brightness  # the line to change

    def brightness(self, pixels):
        return self.dll.imageproc_brightness(pixels, ctypes.c_size_t(len(pixels)))

    def __del__(self):
        library.dlclose(self.dll._handle)


gc.disable()
for request in range(3):
    processor = ImageProcessor()
    processor.on_image(b"\x10\x20\x30")
    del processor
library.wait()
