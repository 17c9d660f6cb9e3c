"""Damaged cores: a core taken apart, and changes to it where they matter."""

import random
import struct

import hgs

PT_LOAD, PT_NOTE = 1, 4
HEADER, PHDR = 64, 56
NT_PRSTATUS, NT_PRPSINFO, NT_AUXV, NT_FILE = 1, 3, 6, 0x46494c45
TYPE_SIZE = 400  # PyTypeObject, at least


class Core:
    """The bytes of a core, and where its tables lie."""

    def __init__(self, path):
        self.path = path
        self.data = bytearray(path.read_bytes())
        count, = struct.unpack_from("<H", self.data, 56)
        offset, = struct.unpack_from("<Q", self.data, 32)
        self.headers = [offset + PHDR * i for i in range(count)]
        self.loads = [at for at in self.headers if self.field(at, 0, "I") == PT_LOAD]
        self.note_header, = [at for at in self.headers if self.field(at, 0, "I") == PT_NOTE]
        self.notes = (self.field(self.note_header, 8), self.field(self.note_header, 32))

    def field(self, at, offset, kind="Q"):
        return struct.unpack_from("<" + kind, self.data, at + offset)[0]

    def every_note(self):
        """(type, offset of the contents, their size) of each."""
        at, end = self.notes[0], sum(self.notes)
        while at < end:
            name, size, kind = struct.unpack_from("<III", self.data, at)
            contents = at + 12 + (name + 3) // 4 * 4
            yield kind, contents, size
            at = contents + (size + 3) // 4 * 4

    def note(self, wanted):
        """Offset of a note's contents."""
        return next(at for kind, at, _ in self.every_note() if kind == wanted)

    def offset_of(self, address):
        """Where the byte at an address of the process lies in the file."""
        for at in self.loads:
            start, stored = self.field(at, 16), self.field(at, 32)
            if start <= address < start + stored:
                return self.field(at, 8) + address - start
        raise LookupError(hex(address))

    def end_of(self, address):
        """Where the segment that has this address ends."""
        return next(start + stored for start, stored in
                    ((self.field(at, 16), self.field(at, 32)) for at in self.loads)
                    if start <= address < start + stored)

    def has(self, address, size=8):
        try:
            return self.offset_of(address + size - 1) - self.offset_of(address) == size - 1
        except LookupError:
            return False

    def find_words(self, value):
        """Offsets of the aligned words in memory that have this value."""
        word, at = struct.pack("<Q", value), -1
        while (at := self.data.find(word, at + 1)) >= 0:
            yield at


class Mutator:
    """Changes to a core, {offset: bytes}, by seed; each hits one kind of place. What lies where is
    known by a snapshot made of the core while it was whole, and by the report."""

    def __init__(self, core, snapshot, report):
        self.core = core
        heap = hgs.Snapshot(snapshot)
        objects = [(heap.addresses[i], heap.type_name(i), heap.flags[i]) for i in range(heap.n)
                   if not heap.flags[i] & hgs.PSEUDO and core.has(heap.addresses[i] - 16, 80)]
        self.objects = [address for address, _, _ in objects]
        maps = [int(one["handle"], 16) for one in report["libraries"] if one["handle"]]
        self.maps = [address for address in maps if core.has(address, 1000)]
        self.threads = [address for i in range(heap.n) if heap.flags[i] & hgs.PSEUDO
                        for address in (heap.addresses[i],) if core.has(address, 200)]
        loads = core.loads
        self.places = {
            "header": [(0, HEADER)],
            "segments": [(at, PHDR) for at in loads],
            "note segment": [(core.note_header, PHDR)],
            "note headers": [(at - 20, 20) for _, at, _ in core.every_note()],
            "notes": [(at, size) for kind, at, size in core.every_note()
                      if kind in (NT_PRSTATUS, NT_PRPSINFO, NT_AUXV, NT_FILE)],
            "list of files": [(core.note(NT_FILE), 16 + 24 * 8)],
            "build ids": [(at, 36) for at in self.after(b"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0")],
            "link maps": self.at(self.maps, 0, 48),
            "link map's inside": self.at(self.maps, 0, 1000),
            "r_debug": [(at - 8, 40) for at in core.find_words(self.maps[0])],
            "gc heads": self.at([address for address, _, flags in objects
                                 if flags & hgs.TRACKED], -16, 16),
            "object heads": self.at(self.objects, 0, 32),
            "types": self.at([address for address, _, flags in objects
                              if flags & hgs.TYPE_OBJECT and core.has(address, TYPE_SIZE)], 0,
                             TYPE_SIZE),
            "frames and threads": self.at(self.threads, 0, 200),
            "states": [(at, 8) for address in self.threads for at in core.find_words(address)],
            "anywhere": [(HEADER, len(core.data) - HEADER)],
        }
        for name in "dict", "str", "tuple", "code", "list", "function", "module", "int":
            self.places[name] = self.at([address for address, kind, _ in objects if kind == name], 0, 64)
        self.kinds = [kind for kind, places in self.places.items() if places]

    def at(self, addresses, offset, size):
        return [(self.core.offset_of(address + offset), size) for address in addresses]

    def after(self, pattern):
        at = -1
        while (at := self.core.data.find(pattern, at + 1)) >= 0:
            yield at

    def value(self, chance, at, size):
        """What takes the place of the bytes there."""
        core, whole = self.core, bytes(self.core.data[at:at + 8])
        old, = struct.unpack("<Q", whole)
        address = chance.choice(self.objects)
        segment = chance.choice(core.loads)
        start, stored = core.field(segment, 16), core.field(segment, 40)
        near = chance.choice((1, 8, 16, 4096, 1 << 20, 1 << 31))
        return chance.choice((
            bytes([whole[0] ^ 1 << chance.randrange(8)]), bytes([chance.randrange(256)]),
            bytes(8), b"\xff" * 8, chance.randbytes(8), chance.randbytes(min(size, 64)),
            struct.pack("<Q", address), struct.pack("<Q", address - 16),
            struct.pack("<Q", address + chance.randrange(64)), struct.pack("<Q", start),
            struct.pack("<Q", start + stored - chance.randrange(1, 24)),
            struct.pack("<Q", chance.choice(self.maps)), struct.pack("<Q", 1 << chance.randrange(64)),
            struct.pack("<Q", (1 << 63) - 1), struct.pack("<Q", (1 << 47) - 4096),
            struct.pack("<Q", (old + near) % 2**64), struct.pack("<Q", (old - near) % 2**64),
            struct.pack("<I", chance.choice((0, 1, 0x7fffffff, 0xffffffff)))))

    def mutation(self, seed):
        """(kind of place, {offset: bytes})"""
        chance = random.Random(seed)
        kind = self.kinds[seed % len(self.kinds)]
        patches = {}
        for _ in range(chance.choice((1, 1, 1, 2, 8, 64))):
            at, size = chance.choice(self.places[kind])
            place = at + chance.randrange(max(1, size - 7))
            if kind not in ("header", "note headers") and chance.randrange(4):
                place = at + (place - at) // 8 * 8
            patches[place] = self.value(chance, place, size)
        return kind, patches
