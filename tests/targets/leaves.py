"""leaves.py exit|exec: on a word from standard input it ends, or becomes another program."""

import gc
import os
import sys

kept = [[n] for n in range(300000)]
gc.disable()
os.write(1, b"ready\n")
os.read(0, 100)
if sys.argv[1] == "exec":
    os.execv("/bin/sleep", ["sleep", "60"])
os._exit(0)
