"""heapgraph from inside: what pins what in this very process.

>>> import heapgraph
>>> heapgraph.report()                 # what is wrong, and what keeps it
>>> heapgraph.why_alive(obj)           # the chains that keep an object
>>> before = heapgraph.snapshot()      # ... later: heapgraph.diff(before, heapgraph.snapshot())

The analysis is done by the heapgraph command, in a process of its own. ``import heapgraph as objgraph``
runs what was written for objgraph.
"""

from .answers import Answer, Findings, References, Report
from .command import Error, Row
from .objgraph import (at, at_addrs, by_type, count, find_backref_chain, find_ref_chain,
                       get_leaking_objects, get_new_ids, growth, is_proper_module, most_common_types,
                       show_backrefs, show_chain, show_growth, show_most_common_types, show_refs,
                       typestats)
from .signals import install
from .snapshots import (Snapshot, cycles, diff, findings, handles, open, refcount, report, retained,
                        snapshot, why_alive)

__all__ = ["Answer", "Error", "Findings", "References", "Report", "Row", "Snapshot", "at",
           "at_addrs", "by_type", "count", "cycles", "diff", "find_backref_chain",
           "find_ref_chain", "findings", "get_leaking_objects", "get_new_ids", "growth", "handles",
           "install", "is_proper_module", "most_common_types", "open", "refcount", "report",
           "retained", "show_backrefs", "show_chain", "show_growth", "show_most_common_types",
           "show_refs", "snapshot", "typestats", "why_alive"]


def load_ipython_extension(shell):
    """``%load_ext heapgraph`` in IPython and Jupyter."""
    from .magics import register

    register(shell)
