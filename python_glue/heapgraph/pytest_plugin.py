"""pytest: a test fails when it leaks handles, cycles or instances of a class, and the message says why.

``@pytest.mark.heapgraph(no_leaks=True)`` compares the process before and after the body of the test:
libraries that are opened more often, owners of handles that are more, descriptors left open, and cycles
with an instance of your classes, which only the collector frees (``cycles=False``: not these).
``@pytest.mark.heapgraph(instances=[Proc])`` fails when instances of these classes, or of classes derived
from them, are left over. ``--heapgraph``, or ``heapgraph = true`` in the configuration, is
``no_leaks=True`` for each test that does not say ``no_leaks=False``. The fixture ``heapgraph_guard``
compares from the point where it is set up until it is torn down; ``heapgraph_guard.watch(Proc)`` adds
instances.
"""

from __future__ import annotations

import sys
from typing import Any, Dict, Generator, List

import pytest

from .guard import Guard


def pytest_addoption(parser: pytest.Parser) -> None:
    text = "each test fails if it leaks handles or cycles (as @pytest.mark.heapgraph(no_leaks=True))"
    parser.getgroup("heapgraph").addoption("--heapgraph", action="store_true", help=text)
    parser.addini("heapgraph", text, type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "heapgraph(no_leaks=True, cycles=True, instances=[]): fail the test "
                                       "if it leaks handles, cycles, or instances of these classes")


def _wanted(item: pytest.Item) -> Dict[str, Any]:
    marks = [mark.kwargs for mark in item.iter_markers("heapgraph")]  # the nearest first
    wanted = {key: value for kwargs in reversed(marks) for key, value in kwargs.items()}
    unknown = set(wanted) - {"no_leaks", "cycles", "instances"}
    if unknown:
        raise pytest.UsageError(f"@pytest.mark.heapgraph has no {', '.join(sorted(unknown))}")
    if item.config.getoption("--heapgraph") or item.config.getini("heapgraph"):
        wanted.setdefault("no_leaks", True)
    return wanted


def _begin(wanted: Dict[str, Any], no_leaks: bool) -> Guard:
    return Guard(tuple(wanted.get("instances", ())), no_leaks=no_leaks,
                 cycles=bool(wanted.get("cycles", True)))


def _log_handlers(item: pytest.Item) -> List[Any]:
    plugin = item.config.pluginmanager.get_plugin("logging-plugin")
    return [getattr(plugin, name) for name in ("caplog_handler", "report_handler") if hasattr(plugin, name)]


def _forget_last_failure() -> None:
    """As pytest does before each test, only earlier: what it kept would hide as many new objects."""
    for name in "last_type", "last_value", "last_traceback", "last_exc":
        sys.__dict__.pop(name, None)


def _goes_at_teardown(item: pytest.Item) -> List[object]:
    instance = getattr(item, "instance", None)
    return [item] if instance is None else [item, instance]


def _check(guard: Guard, item: pytest.Item) -> None:
    # What is logged has arguments, which may be what is looked for: nobody but the item keeps it now.
    handlers = _log_handlers(item)
    records = [handler.records for handler in handlers]
    for handler in handlers:
        handler.records = []
    try:
        leaks = guard.leaks(_goes_at_teardown(item))
    finally:
        for handler, one in zip(handlers, records):
            handler.records = one
    if leaks:
        pytest.fail("this test leaks\n\n" + "\n\n".join(leaks), pytrace=False)


@pytest.fixture
def heapgraph_guard(request: pytest.FixtureRequest) -> Generator[Guard, None, None]:
    """What leaks from here on until the fixture is torn down makes the test an error."""
    guard = _begin(_wanted(request.node), no_leaks=True)
    try:
        yield guard
        if not _failed(request.node):
            _check(guard, request.node)
    finally:
        guard.end()


def _failed(item: pytest.Item) -> bool:
    """A traceback keeps objects: that is no leak."""
    return getattr(item, "_heapgraph_failed", False) or bool(getattr(item, "_excinfo", None))  # unittest's


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, None]:
    wanted = _wanted(item)
    guarded = wanted.get("no_leaks") or wanted.get("instances")
    if guarded:
        _forget_last_failure()
    guard = _begin(wanted, bool(wanted.get("no_leaks"))) if guarded else None
    outcome = yield
    setattr(item, "_heapgraph_failed", outcome.excinfo is not None)
    if not guard:
        return
    try:
        if not _failed(item):
            _check(guard, item)
    except pytest.fail.Exception as failure:
        if not hasattr(outcome, "force_exception"):  # before pluggy 1.1
            raise
        outcome.force_exception(failure)
    finally:
        guard.end()
