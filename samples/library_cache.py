"""An LRU cache of libraries that closes what is still in use, and that cannot be deleted.

Two things are wrong. The cache closes libcodec.so when it evicts it, while a Codec made from it is still
in use: its `dll` is dangling. And `del cache` does not end the cache: the thread that cleans up runs a
method of it, so `self` in that thread's frame keeps it, and with it the two libraries that it holds.

The fix: hand out Codec objects that keep the library open themselves (count users, close at zero), and
give the cache a close() that ends its thread; let the thread hold only a weakref to the cache.
"""

import collections
import ctypes
import threading

import library


class LibraryCache:
    def __init__(self, size):
        self.size = size
        self.libraries = collections.OrderedDict()
        self.ended = threading.Event()
        threading.Thread(target=self.clean, daemon=True).start()

    def get(self, name):
        if name not in self.libraries:
            self.libraries[name] = ctypes.CDLL(library.path(name))
        self.libraries.move_to_end(name)
        self.evict()
        return self.libraries[name]

    def evict(self):
        while len(self.libraries) > self.size:
            name, dll = self.libraries.popitem(last=False)
            library.dlclose(dll._handle)

    def clean(self):
        while not self.ended.wait(timeout=3600):
            self.evict()


class Codec:
    def __init__(self, dll):
        self.dll = dll


cache = LibraryCache(size=2)
codec = Codec(cache.get("codec"))
cache.get("filter")
cache.get("thumbnail")  # evicts and closes the codec
del cache
library.wait()
