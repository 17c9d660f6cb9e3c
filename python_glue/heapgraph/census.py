"""objgraph's statistics: how many objects of each type there are, and which are new.

Of the objects that the collector tracks, as gc.get_objects() has them; numbers and texts are none.
Where a name has no dot, all classes of that name are meant.
"""

from __future__ import annotations

import collections
import gc
import operator
import sys
from typing import Any, Callable, Dict, Iterable, List, Optional, Set, TextIO, Tuple

from . import _heapgraph
from .labels import name_of_type

Filter = Optional[Callable[[Any], object]]


def _count_types(objects: Optional[Iterable[object]], keep: Filter) -> List[Tuple[type, int]]:
    # No variable has a list of all objects, and no closure is made: both would be objects more.
    if keep:
        return _heapgraph.count_types(filter(keep, gc.get_objects() if objects is None else objects))
    return _heapgraph.count_types(objects)


def count(typename: str, objects: Optional[Iterable[object]] = None) -> int:
    """How many objects have a class of this name: ``count("dict")``, ``count("app.Session")``."""
    short = "." not in typename
    return sum(number for kind, number in _count_types(objects, None)
               if name_of_type(kind, short) == typename)


def typestats(objects: Optional[Iterable[object]] = None, shortnames: bool = True,
              filter: Filter = None) -> Dict[str, int]:
    """The number of objects by name of type, of those for which ``filter`` holds."""
    rows = _count_types(objects, filter)
    stats: Dict[str, int] = {}  # made after the count: since 3.14 an empty dict counts, too
    for kind, number in rows:
        name = name_of_type(kind, shortnames)
        stats[name] = stats.get(name, 0) + number
    return stats


def most_common_types(limit: Optional[int] = 10, objects: Optional[Iterable[object]] = None,
                      shortnames: bool = True, filter: Filter = None) -> List[Tuple[str, int]]:
    """[(name, count)], the most frequent first; all where ``limit`` is None."""
    stats = typestats(objects, shortnames=shortnames, filter=filter)
    rows = sorted(stats.items(), key=operator.itemgetter(1), reverse=True)
    return rows[:limit] if limit else rows


def show_most_common_types(limit: Optional[int] = 10, objects: Optional[Iterable[object]] = None,
                           shortnames: bool = True, file: Optional[TextIO] = None,
                           filter: Filter = None) -> None:
    """Prints what most_common_types() gives."""
    rows = most_common_types(limit, objects, shortnames=shortnames, filter=filter)
    width = max((len(name) for name, _ in rows), default=0)
    for name, number in rows:
        (file or sys.stdout).write(f"{name:<{width}} {number}\n")


def growth(limit: Optional[int] = 10, peak_stats: Dict[str, int] = {}, shortnames: bool = True,
           filter: Filter = None) -> List[Tuple[str, int, int]]:
    """[(name, count, increase)] since the last call, the largest increase first.

    ``peak_stats`` has the largest count of each name so far; that of all calls where none is given.
    Runs gc.collect().
    """
    gc.collect()
    stats = typestats(shortnames=shortnames, filter=filter)
    rows = [(name, number, number - peak_stats.get(name, 0)) for name, number in stats.items()
            if number > peak_stats.get(name, 0)]
    peak_stats.update((name, number) for name, number, _ in rows)
    rows.sort(key=operator.itemgetter(2), reverse=True)
    return rows[:limit] if limit else rows


def show_growth(limit: Optional[int] = 10, peak_stats: Optional[Dict[str, int]] = None,
                shortnames: bool = True, file: Optional[TextIO] = None, filter: Filter = None) -> None:
    """Prints what growth() gives."""
    peaks = {} if peak_stats is None else {"peak_stats": peak_stats}
    rows = growth(limit, shortnames=shortnames, filter=filter, **peaks)
    width = max((len(row[0]) for row in rows), default=0)
    for name, number, delta in rows:
        (file or sys.stdout).write(f"{name:<{width}}{number:9d} {delta:+9d}\n")


def _ids_by_type(objects: List[object], shortnames: bool) -> Dict[str, Set[int]]:
    names: Dict[type, str] = {}
    ids: Dict[str, Set[int]] = collections.defaultdict(set)
    for one in objects:
        kind = type(one)
        if kind not in names:
            names[kind] = name_of_type(kind, shortnames)
        ids[names[kind]].add(id(one))
    return ids


def _print_ids(rows: List[Tuple[str, int, int, int, int]], file: TextIO) -> None:
    width = max(len(row[0]) for row in rows)
    line = "=" * (width + 4 * 13)
    print(line, file=file)
    print(f"{'Type':<{width}}{'Old_ids':>13}{'Current_ids':>13}{'New_ids':>13}{'Count_Deltas':>13}",
          file=file)
    print(line, file=file)
    for name, old, current, new, delta in rows:
        print(f"{name:<{width}}{old:13d}{current:13d}{new:+13d}{delta:+13d}", file=file)
    print(line, file=file)


def get_new_ids(skip_update: bool = False, limit: Optional[int] = 10, sortby: str = "deltas",
                shortnames: Optional[bool] = None, file: Optional[TextIO] = None,
                _state: Dict[str, Any] = {}) -> Dict[str, Set[int]]:
    """{name: ids of the objects that came since the last call}, and prints a table of ``limit`` rows.

    at_addrs() gives the objects. ``limit`` 0 prints nothing, None all; ``sortby`` is "old", "current",
    "new" or "deltas". ``skip_update`` gives the last answer again. ``shortnames`` is as in the last
    call where it is None. Runs gc.collect().
    """
    if not _state:
        _state.update(current={}, new=collections.defaultdict(set), shortnames=True)
    fresh: Dict[str, Set[int]] = _state["new"]
    if skip_update:
        return fresh
    if shortnames is not None:
        _state["shortnames"] = shortnames
    column = {"old": 1, "current": 2, "new": 3, "deltas": 4}[sortby]
    gc.collect()
    old, current = _state["current"], _ids_by_type(gc.get_objects(), _state["shortnames"])
    rows: List[Tuple[str, int, int, int, int]] = []
    fresh.clear()
    for name in [*old, *(name for name in current if name not in old)]:
        before, now = old.get(name, set()), current.get(name, set())
        fresh[name] = now - before
        rows.append((name, len(before), len(now), len(fresh[name]), len(now) - len(before)))
    _state["current"] = current
    rows.sort(key=operator.itemgetter(column, 0), reverse=True)
    rows = rows if limit is None else rows[:limit]
    if rows:
        _print_ids(rows, file or sys.stdout)
    return fresh
