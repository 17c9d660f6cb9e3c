"""Reads what graph-oracle says of random graphs, and has igraph compute the same; prints how many agree,
or the first seed that does not. Run by tests/test_igraph.py where igraph can be imported."""

import json
import sys

import igraph


def shortest_rings(graph, n):
    """The length of the shortest cycle through each vertex: 1 + the way back from a successor."""
    away = graph.distances(mode="out")
    return [min((1 + int(away[to][at]) for to in graph.successors(at) if away[to][at] != float("inf")),
                default=0) for at in range(n)]


def judge(one):
    n, root = one["n"], one["n"]
    edges = [tuple(edge) for edge in one["edges"]] + [(root, object) for object in one["roots"]]
    graph = igraph.Graph(n=n + 1, edges=edges, directed=True)
    components = graph.connected_components(mode="strong").membership[:n]
    pairs = set(zip(components, one["components"]))
    assert len(pairs) == len(set(components)) == len(set(one["components"])), "components"
    parents = graph.dominator(root, mode="out")
    # igraph: -1 for the root itself, -2 or NaN for what it does not reach.
    parents = [-1 if parents[at] != parents[at] or parents[at] < 0 else int(parents[at]) for at in range(n)]
    assert parents == one["dominators"], "dominators"
    for at in range(n):  # what is not reached any more once `at` is gone, by a search
        if parents[at] < 0:
            assert one["retained"][at] == 0, "retained"
            continue
        without = graph.copy()
        without.delete_edges([edge for edge in without.incident(at, mode="all")])
        lost = set(graph.subcomponent(root, mode="out")) - set(without.subcomponent(root, mode="out"))
        assert sum(one["sizes"][gone] for gone in lost) == one["retained"][at], "retained"
    assert shortest_rings(graph, n) == one["rings"], "rings"
    away = graph.distances(source=root, mode="out")[0]
    assert [0 if away[at] == float("inf") else int(away[at]) for at in range(n)] == one["chains"], "chains"


judged = 0
for line in sys.stdin:
    answer = json.loads(line)
    try:
        judge(answer)
    except AssertionError as wrong:
        sys.exit(f"seed {answer['seed']}: {wrong} differ")
    judged += 1
print(judged)
