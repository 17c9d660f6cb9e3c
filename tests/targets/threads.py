"""threads.py N: N threads that wait, each with a local variable."""

import sys
import threading
import time

import common


def wait(number):
    mine = [number]
    barrier.wait()
    forever.wait()
    return mine


count = int(sys.argv[1])
barrier, forever = threading.Barrier(count + 1), threading.Event()
for number in range(count):
    threading.Thread(target=wait, args=(number,), daemon=True).start()
barrier.wait()
time.sleep(0.3)  # from the barrier into the wait
common.serve()
