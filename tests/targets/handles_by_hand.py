"""handles_by_hand.py BUILD: libraries opened by dlopen itself, whose handles are plain ints.

One handle each in an attribute, a local of a running function, a dict and a list; one that a CDLL has as
well; and one that was thrown away.
"""

import ctypes
import os
import sys

import common

system = ctypes.CDLL(None)
system.dlopen.restype = ctypes.c_void_p
system.dlopen.argtypes = [ctypes.c_char_p, ctypes.c_int]


def load(name):
    handle = system.dlopen(os.path.join(sys.argv[1], "samples", name).encode(), os.RTLD_NOW)
    assert handle, name
    return handle


class Window:
    pass


window = Window()
window.handle = load("libfilter.so")
by_name = {"thumbnail": load("libthumbnail.so")}
pair = [load("libcodec.so"), load("libcodec.so")]
load("libimageproc.so")
wrapped = ctypes.CDLL("libdbclient.so", handle=load("libdbclient.so"))
numbers = [handle + 1 for handle in pair]


def run():
    module = load("libimageproc.so")
    common.serve()
    return module


run()
