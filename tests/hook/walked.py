"""What the hook found in this process, as Python sees it. Plain enough for 3.8 to 3.14.

Loaded by the scripts that tests/test_hook.py runs under each interpreter."""

import ctypes
import sys
import sysconfig

STRINGS, ADDR, TYPE, REFS, SIZE, FLAGS, TEXT, START, TARGET, NAME, ROOTS, THREADS, FRAMES = range(13)
UNNAMED, ATTR, KEY, INDEX, LOCAL, CELL, MEMBER, ATTR_DICT, DICT_KEY, EDGE_TYPE, CELL_CONTENTS, \
    SET_ITEM, STACK, FRAME = range(14)
TRACKED, FROZEN, FINALIZED, IMMORTAL, BAD, TYPE_OBJECT, HAS_FINALIZER, PSEUDO = \
    [1 << bit for bit in range(8)]
USER = 8192
NONE = 0xffffffff
DONE = 3
REDACT = 1
FRAME_EDGES = ("top", "back", "code", "function", "globals", "locals", "builtins", "object",
               "generator")


class Array(ctypes.Structure):
    _fields_ = [("data", ctypes.c_uint64), ("used", ctypes.c_uint64), ("capacity", ctypes.c_uint64)]


def control_type(layout_bytes):
    class Control(ctypes.Structure):
        _fields_ = [("size", ctypes.c_uint64), ("runtime", ctypes.c_uint64),
                    ("layout", ctypes.c_char * layout_bytes), ("flags", ctypes.c_uint64),
                    ("given", ctypes.c_uint64), ("num_given", ctypes.c_uint64),
                    ("phase", ctypes.c_uint32), ("error", ctypes.c_int32),
                    ("cursor", ctypes.c_uint64), ("cursor_address", ctypes.c_uint64),
                    ("objects", ctypes.c_uint64), ("references", ctypes.c_uint64),
                    ("tracked", ctypes.c_uint64), ("frozen", ctypes.c_uint64),
                    ("bad", ctypes.c_uint64), ("gc_enabled", ctypes.c_uint32),
                    ("interpreters", ctypes.c_uint32), ("broken_list", ctypes.c_uint32),
                    ("pad", ctypes.c_uint32), ("columns", Array * 13),
                    ("scratch", ctypes.c_uint64 * 64)]
    return Control


def runtime_address():
    return ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "_PyRuntime"))


class Walked:
    """One walk. `walk` is the C function, so that nothing is imported between two of them."""

    def __init__(self, library, flags=0):
        lib = ctypes.PyDLL(library)
        lib.hook_walk_here.restype = ctypes.c_void_p
        lib.hook_walk_here.argtypes = [ctypes.c_uint64, ctypes.c_uint32, ctypes.c_uint64]
        self.runtime = runtime_address()
        self.lib = lib
        self.flags = flags

    def walk(self):
        address = self.lib.hook_walk_here(self.runtime, sys.hexversion, self.flags)
        assert address, "no control"
        return address

    def read(self, address):
        size = ctypes.c_uint64.from_address(address).value
        rest = ctypes.sizeof(control_type(0))
        self.control = control_type(size - rest).from_address(address)
        assert self.control.size == size == ctypes.sizeof(self.control)
        assert self.control.phase == DONE, (self.control.phase, self.control.error)
        column = lambda number, code: self._column(number, code)
        self.strings = bytes(self._column(STRINGS, "B"))
        self.addr, self.size, self.start = (column(c, "Q") for c in (ADDR, SIZE, START))
        self.type, self.refs, self.flag, self.text, self.target, self.name = (
            column(c, "I") for c in (TYPE, REFS, FLAGS, TEXT, TARGET, NAME))
        n = self.control.objects
        assert len(self.addr) == len(self.size) == len(self.type) == len(self.refs) == n
        assert len(self.flag) == len(self.text) == n and len(self.start) == n + 1
        assert self.start[n] == len(self.target) == len(self.name) == self.control.references
        self.index = {address: i for i, address in enumerate(self.addr)}
        assert len(self.index) == n, "an address twice"
        self.frames = [tuple(self._column(FRAMES, "I")[i:i + 4])
                       for i in range(0, len(self._column(FRAMES, "I")), 4)]
        return self

    def _column(self, number, code):
        array = self.control.columns[number]
        kind = ctypes.c_char * array.used
        if not array.used:
            return memoryview(b"").cast("B").cast(code)
        return memoryview(kind.from_address(array.data)).cast("B").cast(code)

    def string(self, offset):
        return self.strings[offset:self.strings.index(b"\0", offset)].decode()

    def text_of(self, obj):
        return self.string(self.text[self.index[id(obj)]])

    def edges(self, i):
        return [(self.target[e], self.name[e] & 15, self.name[e] >> 4)
                for e in range(self.start[i], self.start[i + 1])]

    def label(self, kind, payload):
        if kind in (ATTR, KEY, LOCAL, CELL):
            return self.string(self.text[payload])
        if kind == MEMBER:
            return self.string(payload)
        if kind == FRAME:
            return FRAME_EDGES[payload]
        return payload

    def names(self, source, target):
        """Kinds and labels of the references between two objects."""
        i, j = self.index[id(source)], self.index[id(target)]
        return [(kind, self.label(kind, payload)) for t, kind, payload in self.edges(i) if t == j]
