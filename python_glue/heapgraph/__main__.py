"""``python -m heapgraph`` is the heapgraph command."""

import os
import sys

from .command import PROGRAM


def main() -> None:
    os.execv(PROGRAM, ["heapgraph", *sys.argv[1:]])


if __name__ == "__main__":
    main()
