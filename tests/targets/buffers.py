"""Objects that own memory outside Python's heap: tests/test_buffers.py asks for their sizes.

buffers.py [SITE]: with a directory that has numpy, arrays of it too.

Commands: `sizes` answers {name: bytes of the buffer}, as sys.getsizeof() has it, or the map's length.
"""

import array
import io
import mmap
import sys

import common

numpy = None
if len(sys.argv) > 2:  # the last word is the test's own
    sys.path.append(sys.argv[1])
    import numpy


class Numbers(array.array):
    pass


class Things:
    pass


things = Things()
things.numbers = array.array("d", range(100000))
things.bytes = array.array("b", b"x" * 54321)
things.subclass = Numbers("i", [7] * 30000)
things.grown = array.array("H")
for number in range(20000):
    things.grown.append(number)
things.empty = array.array("d")
things.map = mmap.mmap(-1, 3 << 20)
things.closed = mmap.mmap(-1, 1 << 20)
things.closed.close()
things.stream = io.BytesIO()
things.stream.write(b"y" * 777777)
if numpy:
    things.matrix = numpy.ones((500, 300))
    things.column = numpy.asfortranarray(numpy.ones((40, 3000), dtype="i2"))
    things.view = things.matrix[::2]
    things.nothing = numpy.zeros((0, 5))


def sizes():
    found = {"subclass": things.subclass.buffer_info()[1] * 4, "stream": things.stream.getbuffer().nbytes,
             "map": len(things.map), "closed": 0, "empty": 0}
    for name in ("numbers", "bytes", "grown"):
        found[name] = sys.getsizeof(vars(things)[name]) - sys.getsizeof(things.empty)
    if numpy:
        found.update(matrix=things.matrix.nbytes, column=things.column.nbytes, view=0, nothing=0)
    return found


common.serve({"sizes": sizes})
