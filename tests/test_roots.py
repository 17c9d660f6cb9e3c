"""What interpreter and threads hold beside modules and frames is found, and goes by its name."""

import re

import pytest

import hgs
import processes
import tool

THREAD = r"thread \d+( \(.*\))?"

# class in targets/held.py -> (the root's words, minor versions that have it)
HELD = {
    "ByAtexit": ("atexit registry", 8),
    "ByAtexitArgument": ("atexit registry", 8),
    "ByCodecSearch": ("codec registry's search functions", 8),
    "ByCodecCache": ("codec registry's cache", 8),
    "ByCodecErrors": ("codec registry's error handlers", 8),
    "BySignal": ("signal handler of SIGUSR2", 8),
    "ByFork": (r"os\.register_at_fork registry", 8),
    "ByAuditHook": ("audit hooks", 8),
    "ByGcCallback": (r"gc\.callbacks", 8),
    "ByMonitoring": (r"sys\.monitoring callback of tool 3", 12),
    "ByContext": (f"context of {THREAD}", 8),
    "ByOtherContext": (f"context of {THREAD}", 8),
    "ByHandled": (f"exception being handled in {THREAD}", 8),
    "ByHandledInThread": (f"exception being handled in {THREAD}", 8),
    "ByTrace": (f"trace function of {THREAD}", 8),
    "ByProfile": (f"profile function of {THREAD}", 8),
    "ByAsyncGenerators": (f"async generator hook of {THREAD}", 8),
    "ByThreadDict": (f"thread-local of {THREAD}", 8),
    "ByInterpreterDict": ("interpreter's dict", 9),
}


@pytest.fixture(scope="module")
def held(python, tmp_path_factory):
    directory = tmp_path_factory.mktemp("held")
    target = processes.Target(python, "held.py")
    try:
        result = tool.heapgraph("snapshot", target.pid, "-o", "held.hgs", cwd=directory)
        assert result.code == 0, result.err
        target.assert_unharmed()
        yield directory / "held.hgs", target.ask("threads")
    finally:
        target.close()


@pytest.mark.parametrize("name", HELD)
def test_root(held, python, run, name):
    snapshot, threads = held
    words, since = HELD[name]
    if python.minor < since:
        pytest.skip(f"3.{since} and newer")
    result = run("why", snapshot, f"type:__main__.{name}", "--json")
    assert result.code == 0, result.err
    [found] = result.json["objects"]
    assert found["reached_by"] == "root"
    assert [chain for chain in found["chains"] if re.fullmatch(words, chain["root"])] == \
        found["chains"][:1], found["chains"]
    thread = re.search(r"thread (\d+)", found["chains"][0]["root"])
    if thread and python.minor >= 11 and not python.root:
        assert int(thread.group(1)) == threads.get(name)


def test_static_types_have_their_dicts(held):
    """Also where the interpreter keeps them for the type (3.12 and newer)."""
    snapshot = hgs.Snapshot(held[0])
    types = {snapshot.text(i): i for i in range(snapshot.n) if snapshot.type_name(i) == "type"}
    for name, attribute in (("int", "bit_length"), ("dict", "setdefault"), ("list", "append")):
        [found] = [target for target, kind, _ in snapshot.references(types[name])
                   if kind == hgs.ATTR_DICT]
        keys = [snapshot.text(target) for target, kind, _ in snapshot.references(found)
                if kind == hgs.DICT_KEY]
        assert attribute in keys
