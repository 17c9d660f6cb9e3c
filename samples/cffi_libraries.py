"""Libraries that cffi opened, and that only their FFI object still knows.

What is wrong: clamp() and width() drop the libraries that they open, and expect that this closes them.
But an FFI object keeps every library that it has opened in a list of its own, so both stay open for as
long as `ffi` lives, which is for ever at module level. checksum() closes its library, and that is right.

The fix: open each library once at module level; or call ffi.dlclose(library) when done, as checksum()
does.
"""

import cffi

import library

ffi = cffi.FFI()
ffi.cdef("""
    int32_t filter_clamp(int32_t value, int32_t low, int32_t high);
    uint32_t thumbnail_width(uint32_t width, uint32_t height, uint32_t limit);
    uint32_t codec_checksum(const uint8_t *data, size_t size);
""")


def clamp(value):
    return ffi.dlopen(library.path("filter")).filter_clamp(value, 0, 255)


def width(width, height):
    return ffi.dlopen(library.path("thumbnail")).thumbnail_width(width, height, 128)


def checksum(data):
    codec = ffi.dlopen(library.path("codec"))
    try:
        return codec.codec_checksum(data, len(data))
    finally:
        ffi.dlclose(codec)


clamp(300)
width(1920, 1080)
checksum(b"payload")
library.wait()
