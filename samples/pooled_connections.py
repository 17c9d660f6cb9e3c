"""A connection pool whose connections are known to the native client only.

What is wrong: each Connection opens libdbclient.so anew and keeps the address of its native connection
in an integer attribute. The pool hands out a connection per worker and forgets those of workers that
are gone, but nothing calls db_disconnect(): their sockets stay open, and no Python object owns any of
the sockets, so that no ResourceWarning and no gc will ever tell.

The fix: open the library once at module level, and give Connection a close() that calls
db_disconnect(), used in a with statement or through weakref.finalize.
"""

import ctypes

import library


class Connection:
    def __init__(self):
        self.dll = ctypes.CDLL(library.path("dbclient"))
        self.dll.db_connect.restype = ctypes.c_void_p
        self.dll.db_query.argtypes = [ctypes.c_void_p]
        self.native = self.dll.db_connect()

    def query(self):
        return self.dll.db_query(self.native)


class Pool:
    def __init__(self):
        self.by_worker = {}

    def connection(self, worker):
        if worker not in self.by_worker:
            self.by_worker[worker] = Connection()
        return self.by_worker[worker]

    def worker_ended(self, worker):
        del self.by_worker[worker]  # the line that should disconnect


pool = Pool()
for worker in "abcde":
    pool.connection(worker).query()
for worker in "de":
    pool.worker_ended(worker)
library.wait()
