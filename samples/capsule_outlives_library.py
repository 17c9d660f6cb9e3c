"""A capsule whose destructor is gone.

What is wrong: the capsule holds what meter_open() gave, and has meter_release() as its destructor: code of
libmeter.so. The library was closed while the capsule is still in `meters`. When the capsule dies, at the
latest when the process ends, the interpreter calls an address where nothing is.

The fix: `del meters[name]` before the library is closed.
"""

import ctypes

import library

new_capsule = ctypes.pythonapi.PyCapsule_New
new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
new_capsule.restype = ctypes.py_object

meters = {}
NAME = b"meter"  # a capsule does not copy its name


def open_meter(name):
    dll = ctypes.CDLL(library.path("meter"))
    dll.meter_open.restype = ctypes.c_void_p
    release = ctypes.cast(dll.meter_release, ctypes.c_void_p)
    meters[name] = new_capsule(dll.meter_open(), NAME, release)
    return dll._handle


handle = open_meter("power")
library.dlclose(handle)  # the line before which `meters` should be emptied
library.wait()
