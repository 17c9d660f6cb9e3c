"""One thread that computes and never lets go of the GIL by itself: `main`, or `worker` while the
main thread waits for it."""

import os
import sys
import threading


def compute():
    while True:
        first = []
        second = [first, {}]
        first.append(second)


os.write(1, b"ready\n")
if sys.argv[1] == "main":
    compute()
thread = threading.Thread(target=compute)
thread.start()
thread.join()
