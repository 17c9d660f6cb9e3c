"""Sourced in gdb: all that can be seen of the inferior from outside, printed as one JSON line by `state`."""

import hashlib
import json
import os
import re

import gdb


def text(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def writable(pid):
    for line in text(f"/proc/{pid}/maps").splitlines():
        place, rights = line.split()[:2]
        if rights.startswith("rw") and "[vvar" not in line:
            yield [int(one, 16) for one in place.split("-")]


def memory(pid):
    """Of all that it could write to."""
    digest = hashlib.sha256()
    with open(f"/proc/{pid}/mem", "rb", 0) as file:
        for start, end in writable(pid):
            while start < end:
                try:
                    part = os.pread(file.fileno(), end - start, start)
                except OSError:  # a guard page
                    part = b"?" * 4096
                digest.update(part)
                start += len(part)
    return digest.hexdigest()


def pages(pid):
    """Of each mapping: which are there, in swap, a file's, and written (bits 63, 62, 61, 55 of pagemap)."""
    found = {}
    with open(f"/proc/{pid}/pagemap", "rb", 0) as file:
        for line in text(f"/proc/{pid}/maps").splitlines():
            start, end = (int(one, 16) for one in line.split()[0].split("-"))
            if end < 1 << 47:
                file.seek(start // 4096 * 8)
                rows = file.read((end - start) // 4096 * 8)
                found[line] = bytes(high & 0xe0 | low >> 7 for high, low in zip(rows[7::8], rows[6::8])).hex()
    return found


class State(gdb.Command):
    def __init__(self):
        super().__init__("state", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        pid = gdb.selected_inferior().pid
        tasks = sorted(os.listdir(f"/proc/{pid}/task"))
        content = memory(pid)  # first: reading a page that is not there yet makes it
        print(json.dumps({
            "memory": content, "pages": pages(pid), "maps": text(f"/proc/{pid}/maps"),
            # SigQ is of all processes of the user.
            "status": {task: re.sub("SigQ:.*", "", text(f"/proc/{pid}/task/{task}/status"))
                       for task in tasks},
            "timers": text(f"/proc/{pid}/timers"), "limits": text(f"/proc/{pid}/limits"),
            "descriptors": {fd: os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")},
            "registers": gdb.execute("thread apply all info all-registers", to_string=True),
            "selected": [gdb.selected_thread().num, gdb.selected_frame().level()]}))


State()
