"""heapgraph from inside: what pins what in this very process.

>>> import heapgraph
>>> kept = [1, 2, 3]
>>> heapgraph.why_alive(kept)[0].type            # the chains that keep an object; printed, as text
'list'
>>> heapgraph.refcount(kept).counted             # and who refers to it
1
>>> for found in heapgraph.findings():           # what is wrong, and what to do about it
...     print(found.code, found.advice)
>>> before = heapgraph.snapshot()
>>> kept.extend([number] for number in range(1000))
>>> heapgraph.diff(before, heapgraph.snapshot())["diff"]["types"][0].type
'list'

``report()``, ``handles()``, ``cycles()`` and ``retained(obj)`` are asked likewise; ``open()`` a file, and ask
it the same. ``install()`` has a service write its own snapshots.

The analysis is done by the heapgraph command, in a process of its own. ``import heapgraph as objgraph``
runs what was written for objgraph.
"""

from typing import List

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


def load_ipython_extension(shell: object) -> None:
    """``%load_ext heapgraph`` in IPython and Jupyter."""
    from .magics import register

    register(shell)


def __dir__() -> List[str]:
    return [*__all__, "objgraph"]
