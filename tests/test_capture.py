"""What the snapshot holds is what gc itself says about the process, on every interpreter."""

import collections
import json
import os
import socket
import time

import hgs
import interpreters
import pytest
import sites
import tool

TARGETS = ["idle", "heap", "churn", "server", "web"]
CONTAINERS = 1_000_000


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def still_target(kind, python, start):
    """A target of this kind with nothing in motion."""
    if kind == "heap":
        return start(python, "heap.py", str(CONTAINERS))
    if kind == "churn":
        target = start(python, "churn.py")
        target.ask("pause")
        return target
    if kind == "web":
        site = sites.site_for(python, "django")
        return start(python, "web.py", str(site), str(free_port()))
    return start(python, f"{kind}.py")


def settled(target):
    """gc's count once it is the same three times in a row: a server's threads end when they like."""
    counts = []
    for _ in range(30):
        counts.append(target.ask("count"))
        if len(counts) >= 3 and len(set(counts[-3:])) == 1:
            break
        time.sleep(0.3)
    return counts[-1]


@pytest.mark.parametrize("kind", TARGETS)
def test_counts_what_gc_counts(python, kind, start, run, tmp_path):
    target = still_target(kind, python, start)
    expected = settled(target)
    result = run("snapshot", target.pid, "-o", "s.hgs")
    assert result.code == 0, result.err
    assert target.ask("count") == expected, "the target was not still"
    target.assert_unharmed()
    snapshot = hgs.Snapshot(tmp_path / "s.hgs")
    meta = snapshot.meta
    assert meta["pid"] == target.pid
    assert meta["consistent"] == 1
    assert meta["bad_objects"] == 0
    assert meta["tracked"] == expected
    assert snapshot.tracked() == expected


def wrong_referents(target, python, run, tmp_path):
    """What of 1,000 objects' references differs from gc.get_referents() in the target."""
    listing = f"/tmp/referents-{target.pid}.json"
    outside = (python.root or "") + listing
    target.ask(f"referents {listing} 1000")
    with open(outside, encoding="utf-8") as file:
        rows = json.load(file)
    os.unlink(outside)
    assert run("snapshot", target.pid, "-o", "s.hgs", "-f").code == 0
    snapshot = hgs.Snapshot(tmp_path / "s.hgs")
    assert len(rows) >= 900
    for address, type_name, referents in rows:
        i = snapshot.index.get(address)
        if i is None:
            yield f"{type_name} at {address:#x} is not in the snapshot"
            continue
        found, keys = collections.Counter(), collections.Counter()
        for at, kind, _ in snapshot.references(i):
            # gc leaves the keys of a dict out where all are str; the snapshot has them always.
            (keys if kind == hgs.DICT_KEY else found)[snapshot.addresses[at]] += 1
        said = collections.Counter(referents)
        if found - said or said - found - keys:
            yield (f"{type_name} at {address:#x}: too many {dict(found - said)}, "
                   f"missing {dict(said - found - keys)}")


@pytest.mark.parametrize("kind", TARGETS)
def test_referents_are_those_of_gc(python, kind, start, run, tmp_path):
    target = still_target(kind, python, start)
    # A web server's other threads may run between the target's listing and the capture; what is
    # wrong with the capture itself is wrong each time.
    for _ in range(3 if kind == "web" else 1):
        settled(target)
        wrong = list(wrong_referents(target, python, run, tmp_path))
        if not wrong:
            break
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:20])


def test_frozen_objects_are_counted(python, start, run):
    target = start(python, "frozen.py")
    expected = target.ask("count")
    result = run("attach", target.pid, "--json")
    assert result.code == 0, result.err
    answer = result.json
    assert answer["process"]["gc_frozen"] == target.ask("frozen")
    assert answer["capture"]["tracked"] == expected


@pytest.mark.parametrize("mode", ["fork", "pause"])
def test_both_modes_see_the_same(python, mode, start, run):
    target = start(python, "idle.py")
    expected = target.ask("count")
    result = run("attach", target.pid, "--json", "--mode", mode)
    assert result.code == 0, result.err
    capture = result.json["capture"]
    assert capture["method"] == mode
    assert capture["tracked"] == expected
    assert capture["consistent"] is True
    target.assert_unharmed()


def test_the_system_interpreter_is_among_them():
    """At least one interpreter must be there, or every test above says nothing."""
    assert interpreters.discover()[0]
    assert (tool.BUILD / "heapgraph").exists()
