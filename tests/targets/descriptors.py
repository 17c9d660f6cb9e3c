"""descriptors.py DIRECTORY: one descriptor of each kind, each with an owner, or with none.

`numbers` answers those that no object of C owns: "plain" is an attribute, "nobody" has a list of those
that were left open and forgotten.
"""

import mmap
import multiprocessing
import os
import select
import socket
import sqlite3
import sys

import common

directory = os.path.join(sys.argv[1], str(os.getpid()))
os.mkdir(directory)


def forget():
    """Beyond the numbers that other things of the process have too, and that this source has."""
    source = os.open(__file__, os.O_RDONLY)
    found = []
    for number in range(source + 900, source + 903):
        os.dup2(source, number, inheritable=False)
        found.append(str(number))
    os.close(source)
    return found


class Plain:
    pass


log = open(os.path.join(directory, "log"), "w")
log.write("x" * 4096)
log.flush()
listener = socket.socket()
epoll = select.epoll()
with open(log.name, "r+b") as file:
    mapped = mmap.mmap(file.fileno(), 100)
entries = os.scandir("/usr/lib")
next(entries)
database = sqlite3.connect(os.path.join(directory, "data.db"))
database.execute("pragma journal_mode=wal")
database.execute("create table t (a)")
left, right = multiprocessing.Pipe()
plain = Plain()
plain.number = os.dup(log.fileno())
nobody = forget()


def numbers():
    return {"plain": plain.number, "nobody": [int(one) for one in nobody]}


common.serve({"numbers": numbers})
