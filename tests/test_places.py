"""What keeps an object is called by the name that people know, on every interpreter."""

import re

import pytest

import processes
import tool

TIMER = r"timer of the asyncio loop: args\[0\] of _set_result_unless_cancelled"

# class of targets/kept.py -> its path; N stands for a line, THREAD for a thread
KEPT = {
    "InAwaited": rf"local kept in inner:N of the pending task outer\(\) in {TIMER}",
    "InAsyncGenerator": rf"local kept in numbers:N of the pending task consumer\(\) in {TIMER}",
    "InContextOfTask": r"value of ContextVar 'request' in the context of timer of the asyncio loop: "
                       r"_set_result_unless_cancelled",
    "InTaskOfFuture": r"local kept in waits:N of the pending task waits\(\) in __main__\.future",
    "OfTimer": r"timer of the asyncio loop: Base\.method\.__self__",
    "OfTimerArgument": r"timer of the asyncio loop: args\[0\] of print",
    "Unawaited": r"local kept in unawaited:N of __main__\.coroutine",
    "InGenerator": r"local kept in generator:N of __main__\.suspended",
    "OnExitStack": r"local stack\._exit_callbacks\[0\]\[1\]\.__wrapped__\.__self__ in generator:N of "
                   r"__main__\.suspended",
    "CachedUnbounded": r"<__main__\.CachedUnbounded> in functools\.lru_cache of unbounded",
    "CachedBounded": r"<__main__\.CachedBounded> in functools\.lru_cache of bounded",
    "CachedArgument": r"<__main__\.CachedArgument> in functools\.lru_cache of by_argument",
    "OfWeakCallback": r"__main__\.weak\.__callback__\.__self__",
    "OfFinalizer": r"weakref\.finalize registry: args\[0\] of print",
    "OfFinalizerByKeyword": r"weakref\.finalize registry: kwargs\['keyword'\] of print",
    "OfSignal": r"signal handler of SIGUSR2: Base\.method\.__self__",
    "OfSubmitted": r"queue of a thread pool: Base\.stay\.__self__",
    "OfWorker": r"local self in (Base\.)?stay:N of THREAD",
    "OfThread": r"local self in (Base\.)?stay:N of THREAD",
    "InTraceback": r"local kept in raises:N of the traceback of __main__\.last_error",
}


@pytest.fixture(scope="module")
def kept(python, tmp_path_factory):
    directory = tmp_path_factory.mktemp("kept")
    target = processes.Target(python, "kept.py")
    try:
        result = tool.heapgraph("snapshot", target.pid, "-o", "kept.hgs", cwd=directory)
        assert result.code == 0, result.err
        target.assert_unharmed()
        yield directory / "kept.hgs"
    finally:
        target.close()


def paths(run, kept, name):
    result = run("why", kept, f"type:__main__.{name}", "--json")
    assert result.code == 0, result.err
    return [one["chains"][0]["path"] for one in result.json["objects"]]


@pytest.mark.parametrize("name", KEPT)
def test_place(kept, run, name):
    path, = paths(run, kept, name)
    expected = KEPT[name].replace(":N ", r":\d+ ").replace("THREAD", r"thread \d+")
    assert re.fullmatch(expected, path), path


def test_handlers_of_loggers(kept, run):
    assert sorted(paths(run, kept, "OfHandler")) == [
        "logging.getLogger('heapgraph.test').handlers[0].kept",
        "logging.getLogger().handlers[0].kept"]


def test_why_gives_the_line_to_change(kept, run):
    result = run("why", kept, "type:__main__.CachedArgument", "--json")
    chain = result.json["objects"][0]["chains"][0]
    assert chain["kept_through"] == "a functools cache"
    assert "`by_argument.cache_clear()`" in chain["advice"]
    text = run("why", kept, "type:__main__.CachedArgument").out
    assert "kept through a functools cache" in text and "fix: cache plain values" in text
    plain = run("why", kept, "__main__.watched", "--json").json["objects"][0]["chains"][0]
    assert (plain["kept_through"], plain["advice"]) == (None, None)
    assert "fix:" not in run("why", kept, "__main__.watched").out
