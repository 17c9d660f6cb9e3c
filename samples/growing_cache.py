"""A thumbnail service whose cache never forgets.

What is wrong: each user gets a Renderer of his own, which stays in `renderers` for ever, long after the
user has gone, with the last picture drawn and a handle of libthumbnail.so that was opened for it alone.

The fix: open the library once at module level, and bound the cache: an OrderedDict from which the oldest
is taken out beyond a number, or functools.lru_cache(maxsize=...) around a function that makes one.
"""

import ctypes
import itertools
import os
import time

import library


class Renderer:
    def __init__(self, user):
        self.dll = ctypes.CDLL(library.path("thumbnail"))
        self.user = user
        self.picture = b""

    def render(self, size):
        self.picture = bytes(size * size)
        return self.picture


class Service:
    def __init__(self):
        self.renderers = {}

    def request(self, user):
        if user not in self.renderers:
            self.renderers[user] = Renderer(user)  # the line that should make room first
        return self.renderers[user].render(16)


service = Service()
print("ready", os.getpid(), flush=True)
for number in itertools.count():
    service.request("user %d" % number)
    time.sleep(0.02)
