"""A manager that counts the users of a library, from several threads: there is nothing to find.

The library is opened by its first user and closed by its last, under a lock. Three threads have used it
here and are done, one user is left: one open, one owner, and nothing has leaked.
"""

import ctypes
import threading

import library


class Manager:
    def __init__(self, name):
        self.name = name
        self.lock = threading.Lock()
        self.users = 0
        self.dll = None

    def __enter__(self):
        with self.lock:
            if self.users == 0:
                self.dll = ctypes.CDLL(library.path(self.name))
            self.users += 1
            return self.dll

    def __exit__(self, *exception):
        with self.lock:
            self.users -= 1
            if self.users == 0:
                handle, self.dll = self.dll._handle, None
                library.dlclose(handle)


def work():
    with manager as dll:
        dll.filter_clamp(300, 0, 255)


manager = Manager("filter")
threads = [threading.Thread(target=work) for _ in range(3)]
manager.__enter__()
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
library.wait()
