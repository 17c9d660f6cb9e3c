"""native_objects.py BUILD: capsules and types of a library that is there, and of one that is gone."""

import ctypes
import os
import shutil
import socket  # noqa: F401  (has a capsule of the standard library's)
import sys
import tempfile

import common

LIBRARY = os.path.join(sys.argv[1], "tests/targets/native_objects.so")


def load(path):
    library = ctypes.PyDLL(path)
    for function in library.make_capsule, library.make_type, library.make_plain_capsule:
        function.restype = ctypes.py_object
    library.make_plain_capsule.argtypes = [ctypes.c_void_p]
    return library


def close(library):
    """Closes it for good, functions and all."""
    dlclose = ctypes.CDLL(None).dlclose
    dlclose.argtypes = [ctypes.c_void_p]
    dlclose(library._handle)


native = load(LIBRARY)
capsule = native.make_capsule()
thing_type = native.make_type()
things = [thing_type()]
memory = ctypes.create_string_buffer(16)
plain_capsule = native.make_plain_capsule(ctypes.addressof(memory))

directory = tempfile.mkdtemp()
shutil.copy(LIBRARY, os.path.join(directory, "gone.so"))
gone = load(os.path.join(directory, "gone.so"))
shutil.rmtree(directory)
gone_capsule = gone.make_capsule()
gone_type = gone.make_type()
close(gone)
del gone

common.serve()
