"""Objects that nothing but the interpreter or a thread of it holds: tests/test_roots.py asks why.

Each is an instance of a class of its own. A bound method where something callable is wanted, so that
the object itself is what is held.
"""

import atexit
import codecs
import contextvars
import ctypes
import gc
import os
import signal
import sys
import threading
import time

import common


class Held:
    def method(self, *arguments, **keywords):
        return None


class ByAtexit(Held): pass
class ByAtexitArgument(Held): pass
class ByCodecSearch(Held): pass
class ByCodecCache(Held): pass
class ByCodecErrors(Held): pass
class BySignal(Held): pass
class ByFork(Held): pass
class ByAuditHook(Held): pass
class ByGcCallback(Held): pass
class ByMonitoring(Held): pass
class ByContext(Held): pass
class ByOtherContext(Held): pass
class ByHandled(Exception): pass
class ByHandledInThread(Exception): pass
class ByTrace(Held): pass
class ByProfile(Held): pass
class ByAsyncGenerators(Held): pass
class ByThreadDict(Held): pass
class ByInterpreterDict(Held): pass


atexit.register(ByAtexit().method)
atexit.register(print, argument=ByAtexitArgument())
codecs.register(ByCodecSearch().method)


def search(name):
    return made(name) if name == "heapgraph_test" else None


def made(name):
    info = codecs.CodecInfo(codecs.ascii_encode, codecs.ascii_decode, name=name)
    info.extra = ByCodecCache()
    return info


codecs.register(search)
codecs.lookup("heapgraph_test")
codecs.register_error("heapgraph_test", ByCodecErrors().method)
signal.signal(signal.SIGUSR2, BySignal().method)
os.register_at_fork(before=ByFork().method)
sys.addaudithook(ByAuditHook().method)
gc.callbacks.append(ByGcCallback().method)
if sys.version_info >= (3, 12):
    sys.monitoring.use_tool_id(3, "heapgraph test")
    sys.monitoring.register_callback(3, sys.monitoring.events.PY_START, ByMonitoring().method)
contextvars.ContextVar("mine").set(ByContext())


def borrowed(address):
    """The object of a borrowed reference: as py_object, ctypes would take it for a new one."""
    return ctypes.cast(ctypes.c_void_p(address), ctypes.py_object).value


api = ctypes.pythonapi
api.PyThreadState_GetDict.restype = ctypes.c_void_p
borrowed(api.PyThreadState_GetDict())["heapgraph test"] = ByThreadDict()
if sys.version_info >= (3, 9):
    api.PyInterpreterState_Get.restype = ctypes.c_void_p
    api.PyInterpreterState_GetDict.restype = ctypes.c_void_p
    api.PyInterpreterState_GetDict.argtypes = [ctypes.c_void_p]
    interpreter = api.PyInterpreterState_Get()
    borrowed(api.PyInterpreterState_GetDict(interpreter))["heapgraph test"] = ByInterpreterDict()

arrived = []
threads = dict.fromkeys(["ByContext", "ByHandled", "ByThreadDict"], threading.get_native_id())
variable = contextvars.ContextVar("other")


def traced():
    threads.update(dict.fromkeys(["ByTrace", "ByProfile"], threading.get_native_id()))
    sys.settrace(ByTrace().method)
    sys.setprofile(ByProfile().method)
    stay()


def stay():
    arrived.append(1)
    while True:
        time.sleep(1000)


def handling():
    names = ["ByOtherContext", "ByHandledInThread", "ByAsyncGenerators"]
    threads.update(dict.fromkeys(names, threading.get_native_id()))
    variable.set(ByOtherContext())
    sys.set_asyncgen_hooks(ByAsyncGenerators().method)
    try:
        raise ByHandledInThread()
    except ByHandledInThread:
        stay()


for run in (traced, handling):
    threading.Thread(target=run, daemon=True).start()
while len(arrived) < 2:
    time.sleep(0.01)
try:
    raise ByHandled()
except ByHandled:
    common.serve({"threads": lambda: threads})
