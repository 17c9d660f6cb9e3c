"""A small second reader of .hgs, written from docs/format.md alone, so that the tests look at a
snapshot with other eyes than graph/snapshot.c. It checks structure, not checksums."""

import mmap
import struct
import sys

MAGIC = 0x0A1A53474850470B
HEADER = struct.Struct("<QIIQQ")
SECTION = struct.Struct("<IIQQQ")
NONE = 0xFFFFFFFF

META, STRINGS, ADDR, TYPE, REFS, SIZE, FLAGS, TEXT, START, TARGET, NAME, ROOTS, THREADS, FRAMES, \
    LIBRARIES, SEGMENTS, HOLDERS, INCOMPLETE = range(1, 19)
DESCRIPTORS = 20

# struct hgs_meta
_META = struct.Struct("<8I5Q4I")
_META_FIELDS = ("pid python_version build method consistent gc_enabled threads bad_objects gc_frozen "
                "tracked stopped_ns walk_ns time_ns exe cmdline host reserved").split()

TRACKED, FROZEN, FINALIZED, IMMORTAL, BAD, TYPE_OBJECT, HAS_FINALIZER, PSEUDO = \
    (1 << bit for bit in range(8))

UNNAMED, ATTR, KEY, INDEX, LOCAL, CELL, MEMBER, ATTR_DICT, DICT_KEY, EDGE_TYPE, CELL_CONTENTS, \
    SET_ITEM, STACK, FRAME = range(14)


class Snapshot:
    def __init__(self, path):
        assert sys.byteorder == "little"
        with open(path, "rb") as file:
            self.map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        magic, self.version, count, size, _ = HEADER.unpack_from(self.map, 0)
        assert magic == MAGIC and self.version == 1 and size == len(self.map)
        self.sections = {}
        for index in range(count):
            number, stride, offset, size, _ = SECTION.unpack_from(
                self.map, HEADER.size + index * SECTION.size)
            assert offset % 64 == 0 and size % stride == 0 and offset + size <= len(self.map)
            assert number not in self.sections
            self.sections[number] = (stride, offset, size)
        self.addresses = self._column(ADDR, "Q")
        self.n = len(self.addresses)
        self.types = self._column(TYPE, "I")
        self.counts = self._column(REFS, "I")
        self.sizes = self._column(SIZE, "Q")
        self.flags = self._column(FLAGS, "I")
        self.texts = self._column(TEXT, "I")
        self.start = self._column(START, "Q")
        self.targets = self._column(TARGET, "I")
        self.names = self._column(NAME, "I")
        self.m = len(self.targets)
        assert len(self.start) == self.n + 1 and self.start[self.n] == self.m == len(self.names)
        self._index = None

    def _column(self, number, code):
        _, offset, size = self.sections[number]
        return memoryview(self.map)[offset:offset + size].cast(code)

    def string(self, offset):
        _, base, size = self.sections[STRINGS]
        assert offset < size
        end = self.map.find(b"\0", base + offset)
        return self.map[base + offset:end].decode("utf-8", "replace")

    @property
    def meta(self):
        _, offset, _ = self.sections[META]
        return dict(zip(_META_FIELDS, _META.unpack_from(self.map, offset)))

    @property
    def index(self):
        """{address: object index}"""
        if self._index is None:
            self._index = {address: i for i, address in enumerate(self.addresses)}
        return self._index

    def text(self, i):
        return self.string(self.texts[i])

    def type_name(self, i):
        return self.text(self.types[i]) if self.types[i] != NONE else None

    def references(self, i):
        """[(target index, kind, payload)] of an object."""
        return [(self.targets[at], self.names[at] & 15, self.names[at] >> 4)
                for at in range(self.start[i], self.start[i + 1])]

    def tracked(self):
        return sum(1 for flags in self.flags if flags & TRACKED)
