"""The graphs that objgraph's functions draw, in the DOT language."""

from __future__ import annotations

import collections
import gc
import inspect
from dataclasses import dataclass
from typing import Any, Callable, Collection, Dict, Iterable, List, Optional

from . import _heapgraph
from .labels import edge_label, gradient, is_a, node_attributes, node_id, node_label

BLUE = ((0, 0, 1), (0, 0, .3))   # hue, saturation, value: of the objects asked about, of the farthest
RED = ((0, 1, 1), (0, 1, .3))    # of what was left out


@dataclass
class Look:
    """What show_backrefs() and show_refs() are told, under its names."""

    edge_func: Callable[[Any], Iterable[Any]]
    forwards: bool
    max_depth: int
    extra_ignore: Collection[int]
    filter: Optional[Callable[[Any], object]]
    too_many: int
    highlight: Optional[Callable[[Any], object]]
    extra_info: Optional[Callable[[Any], object]]
    refcounts: bool
    shortnames: bool
    cull_func: Optional[Callable[[Any], object]]
    extra_node_attrs: Optional[Callable[[Any], Dict[str, str]]]


class Asked(List[Any]):
    """A list that this module made of what it was asked about: it counts as no reference."""


def as_list(objs: Any) -> List[Any]:
    return objs if is_a(objs, (list, tuple)) else Asked([objs])


class _Graph:
    def __init__(self, write: Callable[[str], object], objs: List[Any], look: Look) -> None:
        self.write, self.look = write, look
        self.queue = list(objs)
        self.depth = {id(one): 0 for one in self.queue}
        self.ignore = {*look.extra_ignore, id(look.extra_ignore), id(objs), id(self.queue)}
        times = 2 if is_a(objs, Asked) else 1  # in the queue, in objs
        self.ours = collections.Counter(list(map(id, self.queue)) * times)
        self.held = is_a(look.edge_func, _heapgraph.Referrers)

    def _refcount(self, at: int) -> Optional[int]:
        """Without the references of this module. No variable has the object meanwhile."""
        if not self.look.refcounts:
            return None
        ours = self.ours[id(self.queue[at])] or 1
        return _heapgraph.refcount(self.queue, at) - ours - \
            (self.held and gc.is_tracked(self.queue[at]))

    def node(self, at: int) -> None:
        look, write = self.look, self.write
        refcount = self._refcount(at)
        target = self.queue[at]
        name = node_id(target)
        text = node_label(target, look.extra_info, refcount, look.shortnames)
        write(f'  {name}[label="{text}"{node_attributes(target, look.extra_node_attrs)}];\n')
        hue, saturation, value = gradient(*BLUE, self.depth[id(target)], look.max_depth)
        if inspect.ismodule(target):
            hue, saturation = .3, 1
        if look.highlight and look.highlight(target):
            hue, saturation, value = .6, .6, .5 + value * .5
        write(f'  {name}[fillcolor="{hue:g},{saturation:g},{value:g}"];\n')
        if value < .5:
            write(f"  {name}[fontcolor=white];\n")
        if hasattr(getattr(target, "__class__", None), "__del__"):
            write(f"  {name}->{name}_has_a_del[color=red,style=dotted,len=0.25,weight=10];\n"
                  f'  {name}_has_a_del[label="__del__",shape=doublecircle,height=0.25,color=red,'
                  'fillcolor="0,.5,1",fontsize=6];\n')

    def edges(self, at: int) -> None:
        look, target = self.look, self.queue[at]
        depth = self.depth[id(target)]
        if depth >= look.max_depth or (look.cull_func and look.cull_func(target)):
            return
        drawn = skipped = 0
        neighbours = look.edge_func(target)
        self.ignore.add(id(neighbours))
        for one in neighbours:
            if id(one) in self.ignore or (look.filter and not look.filter(one)):
                continue
            if drawn >= look.too_many:
                skipped += 1
                continue
            drawn += 1
            source, to = (target, one) if look.forwards else (one, target)
            self.write(f"  {node_id(source)} -> {node_id(to)}"
                       f"{edge_label(source, to, look.shortnames)};\n")
            if id(one) not in self.depth:
                self.depth[id(one)] = depth + 1
                self.queue.append(one)
        if skipped:
            self.too_many(node_id(target), skipped, depth + 1)

    def too_many(self, name: str, skipped: int, depth: int) -> None:
        colour = ",".join(f"{part:g}" for part in gradient(*RED, depth, self.look.max_depth))
        edge = f"{name}->too_many_{name}" if self.look.forwards else f"too_many_{name}->{name}"
        what = "references" if self.look.forwards else "backreferences"
        self.write(f"  {edge}[color=red,style=dotted,len=0.25,weight=10];\n"
                   f'  too_many_{name}[label="{skipped} more {what}",shape=box,height=0.25,'
                   f'color=red,fillcolor="{colour}",fontsize=6];\n'
                   f"  too_many_{name}[fontcolor=white];\n")


def write_graph(write: Callable[[str], object], objs: List[Any], look: Look) -> int:
    """Writes the graph; the number of nodes."""
    write("digraph ObjectGraph {\n  node[shape=box, style=filled, fillcolor=white];\n")
    graph = _Graph(write, objs, look)
    for name in map(node_id, graph.queue):
        write(f"  {name}[fontcolor=red];\n")
    at = 0
    while at < len(graph.queue):
        graph.node(at)
        graph.edges(at)
        at += 1
    write("}\n")
    return at
