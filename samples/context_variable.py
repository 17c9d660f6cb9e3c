"""A library that a context variable keeps.

What is wrong: handle() sets `current` to the request that it serves and does not set it back. The value
stays in the context of the thread, with the library that the request opened, until the next request
comes, if one comes.

The fix: `token = current.set(request)`, and `current.reset(token)` in a finally block.
"""

import contextvars
import ctypes

import library

current = contextvars.ContextVar("current_request", default=None)


class Request:
    def __init__(self):
        self.dll = ctypes.CDLL(library.path("filter"))


def handle(value):
    current.set(Request())  # the line to change
    return current.get().dll.filter_clamp(value, 0, 255)


handle(300)
library.wait()
