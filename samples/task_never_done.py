"""A task that waits for something that will never happen, and a coroutine that nobody awaits.

What is wrong: watch() opens a library and then waits for an event that nobody sets. The task is pending
for ever, and so are its local variables. warm_up() was called and its coroutine stored, but never
awaited: not a line of it has run, and its arguments wait with it.

The fix: keep the task and cancel it when the work is over, or wait with asyncio.wait_for(); await
warm_up().
"""

import asyncio
import ctypes

import library


async def watch(changed):
    dll = ctypes.CDLL(library.path("thumbnail"))
    await changed.wait()  # where it waits
    return dll.thumbnail_width(800, 600, 128)


async def warm_up(dll):
    return dll.filter_clamp(300, 0, 255)


background = set()
later = []


async def main():
    background.add(asyncio.get_running_loop().create_task(watch(asyncio.Event())))
    later.append(warm_up(ctypes.CDLL(library.path("filter"))))  # `await` is missing
    await asyncio.sleep(0)  # the task starts
    library.wait()


asyncio.run(main())
