"""A module whose tp_traverse never ends, by a defect of 3.12.

_asyncio keeps iterators of futures that were freed in a list, linked through their first field, and its
module_traverse() visits them. gc.get_referents() takes a reference to each, and gives it back: they are
freed again, and the list becomes a ring. Nothing notices until something traverses the module.
"""

import asyncio
import gc
import sys

import common


async def main():
    for _ in range(4):
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(future.set_result, None)
        await future


asyncio.run(main())
gc.collect()
gc.disable()
gc.get_referents(sys.modules["_asyncio"])
common.serve(still=False)
