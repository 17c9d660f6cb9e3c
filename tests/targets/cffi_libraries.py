"""cffi_libraries.py SITE BUILD: what cffi opens, closes and forgets, with the samples' libraries.

SITE is a directory of packages that has cffi. In line: `kept`, `again`, `borrowed`, and one closed
rightly. Out of line: `loaded`, and `gone`, whose library is closed behind cffi's back. Two opens of
libcodec.so that nobody has, one of libbuffer.so as a `void *`, and a
callback that libmeter.so has the address of.
"""

import sys

sys.path.insert(0, sys.argv[1])

import contextlib  # noqa: E402
import os  # noqa: E402
import shutil  # noqa: E402
import tempfile  # noqa: E402

import cffi  # noqa: E402

import common  # noqa: E402

SAMPLES = os.path.join(sys.argv[2], "samples")
CDEF = """uint32_t codec_checksum(const uint8_t *, size_t); void *dlopen(char *, int); int dlclose(void *);
          void meter_observe(int, void (*)(int));"""
ffi = cffi.FFI()
ffi.cdef(CDEF)


def library(name):
    return os.path.join(SAMPLES, name)


def own_copy(name):
    """A library under a name of its own, so that closing it unmaps it."""
    path = os.path.join(tempfile.mkdtemp(), name)
    shutil.copy(library("libcodec.so"), path)
    return path


def compile_out_of_line():
    """A module as FFI.emit_python_code() writes it."""
    builder = cffi.FFI()
    builder.cdef(CDEF)
    builder.set_source("_out_of_line", None)
    directory = tempfile.mkdtemp()
    with contextlib.redirect_stdout(sys.stderr):  # 2.0 and older say what they do
        builder.emit_python_code(os.path.join(directory, "_out_of_line.py"))
    sys.path.insert(0, directory)
    import _out_of_line
    shutil.rmtree(directory)
    return _out_of_line.ffi


def close_behind(path):
    """Closes a library twice: this open, and the one that cffi believes to have."""
    handle = libc.dlopen(path.encode(), os.RTLD_NOW)
    libc.dlclose(handle)
    libc.dlclose(handle)


libc = ffi.dlopen(None)
kept = ffi.dlopen(library("libfilter.so"))
again = ffi.dlopen(library("libfilter.so"))
right = ffi.dlopen(own_copy("libright.so"))
ffi.dlclose(right)

outside = compile_out_of_line()
loaded = outside.dlopen(library("libthumbnail.so"))

# Open already when cffi gets it, so that cffi does not close it.
borrowed = ffi.dlopen(libc.dlopen(library("libimageproc.so").encode(), os.RTLD_NOW))

for _ in range(2):
    libc.dlopen(library("libcodec.so").encode(), os.RTLD_NOW)

pointer = libc.dlopen(library("libbuffer.so").encode(), os.RTLD_NOW)

callback = ffi.callback("void(int)", print)
meter = ffi.dlopen(library("libmeter.so"))
meter.meter_observe(0, callback)

gone_path = own_copy("libgone.so")
gone = outside.dlopen(gone_path)
checksum = gone.codec_checksum
close_behind(gone_path)

no_address = ffi.cast("int(*)(int)", -1)  # as SQLITE_TRANSIENT is
handle = ffi.new_handle(callback)


def drop():
    """An FFI object and its library, in a cycle with each other."""
    mine = cffi.FFI()
    mine.cdef(CDEF)
    mine.dlopen(library("libdbclient.so"))
    return True


common.serve({"drop": drop})
