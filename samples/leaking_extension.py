"""An extension that takes references and never gives them back.

What is wrong: meter_record() calls Py_IncRef() on each object that it is given, and nothing ever calls
Py_DecRef(). No Python object refers to the samples any more, gc sees nothing to collect, and they stay.
meter_label() does the same, but at least remembers the object in a variable of the library.

The fix: in the extension, Py_DecRef() on what was kept, when it is done with.
"""

import ctypes

import library

meter = ctypes.PyDLL(library.path("meter"))
for function in (meter.meter_record, meter.meter_label):
    function.argtypes = [ctypes.py_object]
    function.restype = None


class Sample:
    def __init__(self, value):
        self.value = value


class Label:
    def __init__(self):
        self.dll = ctypes.CDLL(library.path("filter"))


for value in range(20):
    meter.meter_record(Sample(value))  # the call that keeps it
meter.meter_label(Label())
library.wait()
