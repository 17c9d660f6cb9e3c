"""The process at one moment and later: what leaked in between, and what keeps it.

Collection of garbage is off meanwhile. So a cycle that the program leaves behind is seen, whenever the
collector would have run.
"""

from __future__ import annotations

import collections
import gc
import sys
import sysconfig
from pathlib import Path
from typing import Counter, Dict, List, Optional, Sequence, Set, Tuple

from .command import Error, Row
from .snapshots import Snapshot, snapshot

_Kind = Tuple[Tuple[str, str], ...]  # the types and references of a ring
_FOREIGN = tuple(str(Path(folder).resolve()) + "/"
                 for name, folder in sysconfig.get_paths().items() if "lib" in name)
_MOST_LINES, _MOST_LEAKS = 16, 5  # of a message, so that it fits on a screen


def _is_users(type_name: str) -> bool:
    """Whether the class is neither CPython's nor an installed package's."""
    parts = type_name.split(".")
    for end in range(len(parts) - 1, 0, -1):
        module = sys.modules.get(".".join(parts[:end]))
        if module is not None:
            file = getattr(module, "__file__", None)
            return parts[0] == "__main__" or \
                bool(file) and not str(Path(str(file)).resolve()).startswith(_FOREIGN)
    return False


def _libraries(report: Row) -> Dict[Tuple[str, str], Tuple[int, int]]:
    return {(one.path, one.handle): (one.opens or 0, one.owners)
            for one in report.libraries if one.loaded_by == "dlopen"}


def _descriptors(report: Row) -> Dict[Tuple[int, str], Row]:
    return {(one.fd, one.target): one for one in report.descriptors or []}


def _cycles(report: Row) -> Counter[_Kind]:
    """How many cycles there are of each kind that only the collector frees, with a class of the user's."""
    found: Counter[_Kind] = collections.Counter()
    for one in report.cycles:
        if one.state == "garbage" and any(_is_users(step.type) for step in one.ring):
            found[_kind(one)] += one.count
    return found


def _kind(cycle: Row) -> _Kind:
    return tuple((step.type, step.edge or "") for step in cycle.ring)


def _family(classes: Tuple[type, ...]) -> Set[str]:
    """The names of the classes and of those derived from them, as a snapshot has them."""
    names: Set[str] = set()
    todo = list(classes)
    while todo:
        one = todo.pop()
        names.add(f"{one.__module__}.{one.__qualname__}")
        todo += type.__subclasses__(one)
    return names


def _counts(rows: List[Row], names: Set[str]) -> Counter[str]:
    return collections.Counter({row.type: row.count for row in rows if row.type in names})


def _instances(taken: Snapshot, names: Set[str], mine: Sequence[object]) -> Counter[str]:
    """How many there are, by class, without those that would be freed if one of ``mine`` went."""
    found = _counts(taken.ask("types", "--limit", 0)["types"], names)
    for position, one in enumerate(mine if found else ()):
        try:
            if not _goes_with(taken, hex(id(one)), mine[:position]):
                found -= _counts(taken.retained(hex(id(one)))[0].types, names)
        except Error:
            pass  # it is not that old
    return found


def _all_of(taken: Snapshot, name: str) -> List[str]:
    try:
        return [one.object for one in taken.ask("refs", f"type:{name}", "--limit", 0)]
    except Error:  # there is none
        return []


def _goes_with(taken: Snapshot, address: Optional[str], mine: Sequence[object]) -> bool:
    """Whether the object would be freed if one of ``mine`` went."""
    tops = {hex(id(one)) for one in mine}
    while tops and address:
        if address in tops:
            return True
        address = taken.retained(address)[0].dominator
    return False


def _cut(text: str) -> str:
    lines = text.splitlines()
    if len(lines) > _MOST_LINES:
        lines[_MOST_LINES - 1:] = [f"  ... {len(lines) - _MOST_LINES + 1} more lines"]
    return "\n".join(lines)


class Guard:
    """What is watched: libraries that are opened, descriptors and cycles, and instances of classes.

    ``watch(*classes)`` adds classes, whose instances of now are no leak; ``leaks()`` gives a text for each
    thing that leaked. Both collect garbage first, and ``end()`` lets the collector run as before.
    """

    def __init__(self, instances: Tuple[type, ...] = (), *, no_leaks: bool = True,
                 cycles: bool = True) -> None:
        self.no_leaks, self.with_cycles, self.classes = no_leaks, cycles, tuple(instances)
        self._was_enabled = gc.isenabled()
        gc.collect()
        gc.disable()
        self.before = snapshot()
        report = self.before.report().to_dict() if no_leaks else None
        self._libraries = _libraries(report) if report else {}
        self._descriptors = _descriptors(report) if report else {}
        self._cycles = _cycles(report) if report else collections.Counter()

    def watch(self, *classes: type) -> None:
        """Instances of these classes, too, shall not be more at the end than at the beginning."""
        self.classes += classes

    def end(self) -> None:
        if self._was_enabled:
            gc.enable()

    def leaks(self, mine: Sequence[object] = ()) -> List[str]:
        """What is there now and was not before. What goes with ``mine`` is no leak."""
        found: List[str] = []
        if self.no_leaks and self.with_cycles:
            found += self._new_cycles(snapshot())
        gc.collect()
        after = snapshot()
        if self.no_leaks:
            report = after.report().to_dict()
            found += [*self._new_opens(report), *self._new_descriptors(report, after, mine)]
        if self.classes:
            found += self._new_instances(after, mine)
        if len(found) > _MOST_LEAKS:
            found[_MOST_LEAKS:] = [f"... and {len(found) - _MOST_LEAKS} more"]
        return found

    def _new_cycles(self, after: Snapshot) -> List[str]:
        report, found = after.report().to_dict(), []
        for kind, count in (_cycles(report) - self._cycles).items():
            one = next(one for one in report.cycles if _kind(one) == kind)
            ring = "\n".join(f"  {step.edge or '':20} -> {step.type}" for step in one.ring)
            advice = "".join(f"\n  fix: {cut.advice}" for cut in one.cut[:1])
            found.append(_cut(f"{count} cycle{'s' * (count != 1)} of {one.ring[0].type} that only the "
                              f"collector frees:\n{ring}{advice}"))
        return found

    def _new_opens(self, report: Row) -> List[str]:
        found = []
        for (path, handle), (opens, owners) in _libraries(report).items():
            opens_before, owners_before = self._libraries.get((path, handle), (0, 0))
            if opens <= opens_before and owners <= owners_before:
                continue
            told = [one for one in report.findings if one.library and path.endswith(one.library)]
            why = [f"  {one.title}\n  fix: {one.advice}" for one in told]
            found.append(_cut("\n".join([f"{path}: opens {opens_before} -> {opens}, "
                                         f"owners {owners_before} -> {owners}", *why])))
        return found

    def _new_descriptors(self, report: Row, after: Snapshot, mine: Sequence[object]) -> List[str]:
        return [f"descriptor {one.fd} is open on {one.target}, kept by {one.path or 'no object'}"
                for key, one in _descriptors(report).items()
                if key not in self._descriptors and not _goes_with(after, one.owner, mine)]

    def _new_instances(self, after: Snapshot, mine: Sequence[object]) -> List[str]:
        names = _family(self.classes)
        now, then = _instances(after, names, mine), _instances(self.before, names, mine)
        return [f"{name}: instances {then[name]} -> {count}, the first of the new ones:\n"
                + _cut(after.why(self._first_new(after, name)).text())
                for name, count in now.items() if count > then[name]]

    def _first_new(self, after: Snapshot, name: str) -> str:
        old, new = set(_all_of(self.before, name)), _all_of(after, name)
        return next((one for one in new if one not in old), new[0])  # which may lie where an old one was
