"""Components, dominators, retained sizes, shortest cycles and chains of random graphs, against igraph."""

import subprocess
from pathlib import Path

import interpreters
import sites
import tool

SEEDS = (1, 2000)


def test_igraph_agrees(one_python):
    site = sites.site_for(one_python, "igraph")
    said = subprocess.run([str(tool.BUILD / "tests" / "reach" / "graph-oracle"), *map(str, SEEDS)],
                          stdout=subprocess.PIPE, check=True, text=True).stdout
    judge = Path(interpreters.TESTS, "reach", "judge.py")
    done = subprocess.run([one_python.path, str(judge)], input=said, capture_output=True, text=True,
                          env={"PYTHONPATH": str(site)}, timeout=300)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == SEEDS[1] - SEEDS[0] + 1
