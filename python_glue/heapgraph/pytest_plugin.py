"""pytest: a test fails when it leaks handles or instances of a class, and the message says why.

``@pytest.mark.heapgraph(no_leaks=True)`` compares the process before and after the test: libraries
that are opened more often, owners of handles that are more, findings that are new.
``@pytest.mark.heapgraph(instances=[Proc])`` fails when instances of these classes are left over.
The fixture ``heapgraph_guard`` does the same from the point where the test asks for it.
"""

from __future__ import annotations

import gc
from typing import Any, Dict, Iterable, List, Tuple

import pytest

from .snapshots import Snapshot, snapshot


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "heapgraph(no_leaks=True, instances=[]): fail the test if it "
                                       "leaks handles, or instances of these classes")


def _libraries(report: Dict[str, Any]) -> Dict[Tuple[str, str], Tuple[int, int]]:
    return {(one["path"], one["handle"]): (one["opens"] or 0, one["owners"])
            for one in report["libraries"] if one["loaded_by"] == "dlopen"}


def _count(snap: Snapshot, classes: Iterable[type]) -> Dict[str, int]:
    names = {f"{one.__module__}.{one.__qualname__}" for one in classes}
    if not names:
        return {}
    rows = snap.ask("types", "--limit", 0)["types"]
    return {row["type"]: row["count"] for row in rows if row["type"] in names}


class Guard:
    """The process at one moment, to be compared with a later one."""

    def __init__(self, instances: Iterable[type] = ()) -> None:
        self.classes = tuple(instances)
        gc.collect()
        self.before = snapshot()
        self.report = self.before.report().to_dict()

    def leaks(self) -> List[str]:
        """What is there now and was not before, each with what keeps it. Runs gc.collect()."""
        gc.collect()
        after = snapshot()
        report = after.report().to_dict()
        return [*self._handles(report), *self._instances(after)]

    def _handles(self, report: Dict[str, Any]) -> List[str]:
        known = _libraries(self.report)
        found = []
        for (path, handle), (opens, owners) in _libraries(report).items():
            opens_before, owners_before = known.get((path, handle), (0, 0))
            if opens <= opens_before and owners <= owners_before:
                continue
            told = [finding for finding in report["findings"] if finding["library"]
                    and path.endswith(finding["library"])]
            why = [f"  {finding['title']}\n  fix: {finding['advice']}" for finding in told]
            found.append("\n".join([f"{path}: opens {opens_before} -> {opens}, "
                                    f"owners {owners_before} -> {owners}", *why]))
        return found

    def _instances(self, after: Snapshot) -> List[str]:
        now, then = _count(after, self.classes), _count(self.before, self.classes)
        return [f"{name}: {then.get(name, 0)} -> {count}\n{after.why('type:' + name)!r}"
                for name, count in now.items() if count > then.get(name, 0)]

    def check(self) -> None:
        """Fails the test where something leaked."""
        leaks = self.leaks()
        if leaks:
            pytest.fail("this test leaks\n\n" + "\n\n".join(leaks), pytrace=False)


@pytest.fixture
def heapgraph_guard():
    """A Guard that begins here and checks when the test has ended."""
    guard = Guard()
    yield guard
    guard.check()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item):
    mark = item.get_closest_marker("heapgraph")
    wanted = mark.kwargs if mark else {}
    guard = Guard(wanted.get("instances", ())) \
        if wanted.get("no_leaks") or wanted.get("instances") else None
    outcome = yield
    if not guard or outcome.excinfo:
        return
    try:
        guard.check()
    except pytest.fail.Exception as failure:
        if not hasattr(outcome, "force_exception"):  # before pluggy 1.1
            raise
        outcome.force_exception(failure)
