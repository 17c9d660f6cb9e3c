"""The same snapshot gives the same bytes twice: every verb, as text, as JSON and as a picture's source."""

import processes
import pytest
import tool

QUESTIONS = [
    ("report", "-o", "a.dot"), ("report", "-v", "-o", "a.dot"), ("handles",), ("cycles",), ("types",),
    ("retained",), ("retained", "type:dict"), ("why", "type:function"), ("why", "type:module#3"),
    ("refs", "type:module#3", "--depth", "3"), ("backrefs", "type:function#5", "--depth", "3"),
    ("diff",),
]


@pytest.fixture(scope="module")
def snapshots(one_python, tmp_path_factory):
    directory = tmp_path_factory.mktemp("determinism")
    target = processes.Target(one_python, "garbage.py", "1", "freeze")
    try:
        for name in ("old.hgs", "new.hgs"):
            result = tool.heapgraph("snapshot", target.pid, "-o", name, cwd=directory)
            assert result.code == 0, result.err
            target.ask("collect")
    finally:
        target.close()
    return directory / "old.hgs", directory / "new.hgs"


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_same_bytes_twice(snapshots, run, tmp_path, question, form):
    verb, *rest = question
    sources = snapshots if verb == "diff" else snapshots[:1]
    seen = []
    for _ in range(2):
        result = run(verb, *sources, *rest, "--limit", "0", "-f" if "-o" in rest else "-q", *form)
        assert result.code == 0, result.err
        drawn = (tmp_path / "a.dot").read_bytes() if "-o" in rest else b""
        seen.append((result.out, drawn))
    assert seen[0][0]
    assert seen[0] == seen[1]
