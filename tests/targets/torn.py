"""A gc list that is damaged on command, as by a stray write: `back` or `wild`.

Its neighbours are objects that nobody touches any more, so the process itself lives on.
"""

import ctypes

import common

HEADER = 16  # PyGC_Head: _gc_next, _gc_prev
kept = []


def tear(offset, word):
    kept.extend([] for _ in range(1000))  # gc is off: they stay in the youngest list
    link = ctypes.c_uint64.from_address(id(kept[500]) - HEADER + offset)
    link.value = word(link.value)
    return True


common.serve({"back": lambda: tear(8, lambda old: old ^ 0x100000),
              "wild": lambda: tear(0, lambda old: 0x10)})
