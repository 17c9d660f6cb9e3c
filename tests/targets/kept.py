"""kept.py: a class of its own for each way by which the program keeps an object; test_places.py has what
each must be called."""

import asyncio
import concurrent.futures
import contextlib
import contextvars
import functools
import logging
import signal
import threading
import time
import weakref

import common

variable = contextvars.ContextVar("request")


class Base:
    def method(self, *arguments):
        pass

    def stay(self):
        time.sleep(1000)


def make(name, *arguments):
    return type(name, (Base,), {"__module__": "__main__"})(*arguments)


async def inner():
    kept = make("InAwaited")
    await asyncio.sleep(1000)
    return kept


async def outer():
    await inner()


async def numbers():
    kept = make("InAsyncGenerator")
    yield 1
    yield kept


async def consumer():
    async for _ in numbers():
        await asyncio.sleep(1000)


async def with_context():
    variable.set(make("InContextOfTask"))
    await asyncio.sleep(1000)


async def waits(future):
    kept = make("InTaskOfFuture")
    await future
    return kept


async def unawaited(kept):
    return kept


@functools.lru_cache(maxsize=None)
def unbounded(number):
    return make("CachedUnbounded")


@functools.lru_cache(maxsize=2)
def bounded(number):
    return make("CachedBounded")


@functools.lru_cache(maxsize=2)
def by_argument(argument, other):
    return 1


def generator(kept):
    with contextlib.ExitStack() as stack:
        stack.callback(make("OnExitStack").method)
        yield kept


class Handler(logging.Handler):
    def __init__(self):
        super().__init__()
        self.kept = make("OfHandler")


def raises():
    kept = make("InTraceback")
    raise ValueError(kept is None)


class Watched:
    pass


watched, finalized = Watched(), Watched()
coroutine = unawaited(make("Unawaited"))
suspended = generator(make("InGenerator"))
next(suspended)
unbounded(1), bounded(1), by_argument(make("CachedArgument"), 2)
logging.getLogger("heapgraph.test").addHandler(Handler())
logging.getLogger().addHandler(Handler())
weak = weakref.ref(watched, make("OfWeakCallback").method)
weakref.finalize(finalized, print, make("OfFinalizer"), keyword=make("OfFinalizerByKeyword"))
signal.signal(signal.SIGUSR2, make("OfSignal").method)
pool = concurrent.futures.ThreadPoolExecutor(max_workers=1)
pool.submit(make("OfWorker").stay)
pool.submit(make("OfSubmitted").stay)
threading.Thread(target=make("OfThread").stay, daemon=True).start()
try:
    raises()
except ValueError as error:
    last_error = error


async def main():
    global future
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    tasks = [loop.create_task(one) for one in (outer(), consumer(), with_context(), waits(future))]
    loop.call_later(1000, make("OfTimer").method)
    loop.call_later(1000, print, make("OfTimerArgument"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del tasks
    common.serve()


asyncio.run(main())
