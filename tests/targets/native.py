"""native.py PART...: what only libmeter.so knows of Python's objects, each part by itself.

`leak`: references that C took and forgot. `label`: an object that only its .bss has. `observers`:
callbacks, one that Python has too, one in garbage, one that is freed. `heap`: one in a block of malloc.
`plugin`: the address of a function of libcodec.so, whose own objects are gone. `waiting`: a thread that
runs in its code. `opened`: libcodec.so, with nothing that points into it. `pointers`: addresses of
blocks of malloc in attributes and in a local, beside other numbers. `boxes`: cycles through a type
without tp_traverse.
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

samples = Path(os.environ["HEAPGRAPH_BUILD"]) / "samples"
path, codec_path = str(samples / "libmeter.so"), str(samples / "libcodec.so")
meter = ctypes.CDLL(path)
python_meter = ctypes.PyDLL(path)
for name in ("meter_record", "meter_label"):
    getattr(python_meter, name).argtypes = [ctypes.py_object]
    getattr(python_meter, name).restype = None
python_meter.meter_box.argtypes = [ctypes.py_object]
python_meter.meter_box.restype = ctypes.py_object
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
    keep = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p)(("meter_observe", meter))
    keep(3, address)
    function = keep = None
    gc.collect()


def waiting():
    threading.Thread(target=meter.meter_wait, daemon=True).start()
    time.sleep(0.3)


class Session:
    def __init__(self, number):
        self.pointer = meter.meter_open()
        self.number = number
        self.address = id(self)


def pointers():
    global sessions, failure
    meter.meter_open.restype = ctypes.c_void_p
    sessions = [Session((1 << 46) + number * 16) for number in range(3)]
    try:
        fail()
    except ValueError as error:
        failure = error


def fail():
    block = meter.meter_open()
    raise ValueError("in use")


class Node:
    pass


def boxes():
    global live
    for _ in range(5):
        node = Node()
        node.box = python_meter.meter_box(node)
    live = python_meter.meter_box(Node())


def opened():
    _ctypes.dlopen(codec_path, 2)


reading = Reading()
observe = Observer(print)
gc.disable()
for part in sys.argv[1:-1]:
    globals()[part]()
common.serve(still=False)
