"""What heapgraph calls garbage is what gc.collect() then frees, object for object, on random programs
(targets/garbage.py SEED): finalizers, revivals, weak references, callbacks, frozen generations."""

import subprocess

import pytest

import hgs
import tool

SEEDS = range(1, 7)


def unreached(snapshot):
    """({addresses of garbage}, {addresses of frozen garbage}) of what gc tracks."""
    done = subprocess.run([str(tool.BUILD / "tests" / "reach" / "list-reach"), str(snapshot)],
                          stdout=subprocess.PIPE, check=True, text=True)
    found = {"garbage": set(), "frozen": set()}
    for line in done.stdout.splitlines():
        state, address = line.split()
        found[state].add(int(address, 16))
    return found["garbage"], found["frozen"]


def closure(snapshot, addresses):
    """What the objects reach, themselves included."""
    seen = {snapshot.index[address] for address in addresses}
    waiting = list(seen)
    while waiting:
        for target, _, _ in snapshot.references(waiting.pop()):
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return {snapshot.addresses[one] for one in seen}


def check(snapshot, garbage, answer, seed):
    """gc frees all that heapgraph calls garbage, but what a finalizer revived and what that reaches.
    Some of it is gone before gc comes to it where there are suspended generators: closing one clears
    its frame."""
    freed, revived, alive = map(set, answer)
    kept = garbage & closure(snapshot, revived)
    print(f"seed {seed}: {len(garbage)} garbage, {len(freed)} freed, {len(revived)} revived, "
          f"{len(kept)} kept by those")
    assert revived <= garbage, f"seed {seed}"
    assert freed <= garbage - kept, f"seed {seed}"
    assert freed == garbage - kept or seed % 2 == 0, f"seed {seed}"
    assert not (garbage - kept - freed) & alive, f"seed {seed}"


@pytest.mark.parametrize("seed", SEEDS)
def test_garbage_is_what_a_collection_frees(python, start, run, tmp_path, seed):
    target = start(python, "garbage.py", str(seed))
    assert run("snapshot", target.pid, "-o", "s.hgs").code == 0
    garbage, frozen = unreached(tmp_path / "s.hgs")
    assert len(garbage) > 50 and not frozen
    check(hgs.Snapshot(tmp_path / "s.hgs"), garbage, target.ask("collect"), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_frozen_garbage_is_what_a_collection_frees_after_unfreeze(python, start, run, tmp_path, seed):
    target = start(python, "garbage.py", str(seed), "freeze")
    assert run("snapshot", target.pid, "-o", "s.hgs").code == 0
    snapshot = hgs.Snapshot(tmp_path / "s.hgs")
    garbage, frozen = unreached(tmp_path / "s.hgs")
    assert len(garbage) > 50 and len(frozen) > 30
    check(snapshot, garbage, target.ask("collect"), seed)
    check(snapshot, frozen, target.ask("thaw"), seed)
