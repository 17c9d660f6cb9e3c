"""One C call, of many minutes, that never lets go of the GIL."""

import os

os.write(1, b"ready\n")
sum(range(10 ** 12))
