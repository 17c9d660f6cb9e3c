"""heapgraph from inside: what pins what in this very process.

>>> import heapgraph
>>> heapgraph.report()                 # what is wrong, and what keeps it
>>> heapgraph.why_alive(obj)           # the chains that keep an object
>>> before = heapgraph.snapshot()      # ... later: heapgraph.diff(before, heapgraph.snapshot())

The analysis is done by the heapgraph command, in a process of its own.
"""

from .command import Error
from .signals import install
from .snapshots import (Answer, Snapshot, cycles, diff, findings, handles, open, report, retained,
                        snapshot, why_alive)

__all__ = ["Answer", "Error", "Snapshot", "cycles", "diff", "findings", "handles", "install", "open",
           "report", "retained", "snapshot", "why_alive"]


def load_ipython_extension(shell):
    """``%load_ext heapgraph`` in IPython and Jupyter."""
    from .magics import register

    register(shell)
