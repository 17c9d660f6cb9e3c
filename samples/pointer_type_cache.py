"""Classes that ctypes keeps in its own cache.

What is wrong: request() makes a class for its messages each time it is called, and a pointer type for
it. Up to Python 3.13, ctypes.POINTER() keeps every class that it was asked for in a dict of the module
ctypes, for ever: with it the library that the class refers to.

The fix: make the class once, at module level. (From Python 3.14 on, the pointer type is an attribute of
the class, and both go when the last name for them goes.)
"""

import ctypes
import gc

import library


def request(value):
    class Message(ctypes.Structure):
        dll = ctypes.CDLL(library.path("filter"))
        _fields_ = [("value", ctypes.c_int)]

    message = Message(value)
    pointer = ctypes.POINTER(Message)(message)  # the call that keeps Message
    return pointer.contents.value


for number in range(3):
    request(number)
gc.collect()
library.wait()
