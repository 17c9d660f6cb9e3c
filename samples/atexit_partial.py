"""Objects that wait for the end of the process.

What is wrong: every Session registers its clean-up with atexit. The registry holds the callback, the
callback (a functools.partial) holds the session: whatever was registered lives until the process ends,
also where close() was called long before.

The fix: register one function for all sessions, which knows them by a weakref.WeakSet(); or call
atexit.unregister() in close().
"""

import atexit
import ctypes
import functools

import library


def clean_up(session, reason):
    session.close()


class Session:
    def __init__(self):
        self.dll = ctypes.CDLL(library.path("filter"))
        atexit.register(functools.partial(clean_up, self, "exit"))  # the line to change

    def close(self):
        pass


for request in range(3):
    Session().close()
library.wait()
