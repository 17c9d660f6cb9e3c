"""Callbacks that C still calls when Python has dropped them.

What is wrong: a CFUNCTYPE object is code that exists as long as the object does. `quick` is registered
and dropped at once: C calls freed memory at the next measurement. `Display.show` is registered and kept,
but C will hold its address for ever: so the display must live for ever, and nothing says so.

The fix: keep the CFUNCTYPE object where the registration is, and take it out in C
(`meter_observe(slot, None)`) before it is dropped.
"""

import ctypes

import library

meter = ctypes.CDLL(library.path("meter"))
OBSERVER = ctypes.CFUNCTYPE(None, ctypes.c_int)
meter.meter_observe.argtypes = [ctypes.c_int, OBSERVER]


class Display:
    def __init__(self):
        self.dll = ctypes.CDLL(library.path("filter"))
        self.callback = OBSERVER(self.show)

    def show(self, value):
        print(value)


display = Display()
meter.meter_observe(0, display.callback)
meter.meter_observe(1, OBSERVER(lambda value: None))  # dropped at the end of this line
library.wait()
