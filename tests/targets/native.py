"""native.py PART...: what only libmeter.so knows of Python's objects, each part by itself.

`leak`: references that C took and forgot. `label`: an object that only its .bss has. `observers`:
callbacks, one that Python has too, one in garbage, one that is freed. `heap`: one in a block of
malloc. `plugin`: the address of a function of libcodec.so, whose own objects are gone. `waiting`:
a thread that runs in its code. `opened`: libcodec.so, with nothing that points into it.
"""

import _ctypes
import ctypes
import gc
import os
import sys
import threading
import time
from pathlib import Path

import common

codec_path = str(Path(os.environ["HEAPGRAPH_BUILD"]) / "samples" / "libcodec.so")
path = str(Path(os.environ["HEAPGRAPH_BUILD"]) / "samples" / "libmeter.so")
meter = ctypes.CDLL(path)
python_meter = ctypes.PyDLL(path)
for name in ("meter_record", "meter_label"):
    getattr(python_meter, name).argtypes = [ctypes.py_object]
    getattr(python_meter, name).restype = None
Observer = ctypes.CFUNCTYPE(None, ctypes.c_int)
meter.meter_observe.argtypes = [ctypes.c_int, Observer]
meter.meter_last.argtypes = [Observer]


class Reading:
    pass


class Label:
    def __init__(self, text):
        self.text = text


class Gauge:
    def __init__(self):
        self.observer = Observer(self.observe)

    def observe(self, value):
        self.last = value


def leak():
    for _ in range(300):
        python_meter.meter_record([1])
    for _ in range(100):
        python_meter.meter_record(reading)


def label():
    python_meter.meter_label(Label("interned"))


def observers():
    meter.meter_observe(0, observe)
    gauge = Gauge()
    meter.meter_observe(1, gauge.observer)
    freed = [Observer(lambda value: None) for _ in range(3)]
    meter.meter_observe(2, freed[1])


def heap():
    meter.meter_last(observe)


def plugin():
    function = ctypes.CDLL(codec_path).codec_checksum
    address = ctypes.cast(function, ctypes.c_void_p).value
    ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p)(("meter_observe", meter))(3, address)
    function = None
    gc.collect()


def waiting():
    threading.Thread(target=meter.meter_wait, daemon=True).start()
    time.sleep(0.3)


def opened():
    _ctypes.dlopen(codec_path, 2)


reading = Reading()
observe = Observer(print)
gc.disable()
for part in sys.argv[1:-1]:
    globals()[part]()
common.serve(still=False)
