"""objgraph's functions, under its names: ``import heapgraph as objgraph`` runs what was written for it.

Which object refers to which is read once for each search, in C (python_glue/module/heap_referrers.c),
where objgraph goes through the heap once for each object that it meets. docs/module.md lists what
differs. Names with an underscore are those that objgraph's own tests use.
"""

from __future__ import annotations

import gc
import inspect
import os
import shutil
import subprocess
import sys
import tempfile
from io import StringIO
from typing import Any, Callable, Collection, Dict, Iterable, List, Optional, TextIO

from . import _heapgraph
from .census import (count, get_new_ids, growth, most_common_types, show_growth,
                     show_most_common_types, typestats)
from .drawing import Asked, Look, as_list, write_graph
from .labels import edge_label as _edge_label  # noqa: F401
from .labels import gradient as _gradient  # noqa: F401
from .labels import name_of_type
from .labels import long_typename as _long_typename  # noqa: F401
from .labels import node_attributes as _obj_attrs  # noqa: F401
from .labels import node_id as _obj_node_id  # noqa: F401
from .labels import node_label as _obj_label  # noqa: F401
from .labels import safe_repr as _safe_repr  # noqa: F401
from .labels import short_repr as _short_repr  # noqa: F401

__all__ = ["at", "at_addrs", "by_type", "count", "find_backref_chain", "find_ref_chain",
           "get_leaking_objects", "get_new_ids", "growth", "is_proper_module", "most_common_types",
           "show_backrefs", "show_chain", "show_growth", "show_most_common_types", "show_refs",
           "typestats"]

Edges = Callable[[Any], Iterable[Any]]
Predicate = Callable[[Any], object]

try:  # a notebook shows the picture; a terminal's IPython cannot
    IS_INTERACTIVE = "TerminalInteractiveShell" not in type(get_ipython()).__name__  # type: ignore # noqa: F821
    import graphviz
except (NameError, ImportError):
    IS_INTERACTIVE = False


def get_leaking_objects(objects: Optional[List[Any]] = None) -> List[Any]:
    """Of ``objects`` (of all that are tracked) those to which no tracked object refers.

    They are kept by the interpreter, or by a reference that somebody forgot to give back. Runs
    gc.collect().
    """
    gc.collect()
    everything = gc.get_objects()
    asked = everything if objects is None else objects
    left = set(map(id, asked))
    for one in everything:
        if one is not asked:
            left.difference_update(map(id, gc.get_referents(one)))
    return [one for one in asked if id(one) in left]


def by_type(typename: str, objects: Optional[Iterable[Any]] = None) -> List[Any]:
    """The objects whose class has this name, with or without its module."""
    short = "." not in typename
    return [one for one in (gc.get_objects() if objects is None else objects)
            if name_of_type(type(one), short) == typename]


def at(addr: int) -> Any:
    """The tracked object at an address, the reverse of id(); None where there is none."""
    return next(iter(at_addrs({addr})), None)


def at_addrs(address_set: Collection[int]) -> List[Any]:
    """The tracked objects at these addresses, such as get_new_ids() gives."""
    return [one for one in gc.get_objects() if id(one) in address_set]


def is_proper_module(obj: Any) -> bool:
    """Whether it is a module that sys.modules has: what a chain may be said to begin with."""
    return inspect.ismodule(obj) and obj is sys.modules.get(getattr(obj, "__name__", ""))


def _find_chain(obj: Any, predicate: Predicate, edge_func: Edges, max_depth: int = 20,
                extra_ignore: Collection[int] = ()) -> List[Any]:
    """From the nearest object for which predicate holds to obj; [obj] where none is within reach."""
    queue = [obj]
    parents: List[int] = [-1]  # indices into the queue
    seen = {id(obj), id(extra_ignore), id(queue), *extra_ignore}
    level_end, depth = 1, 0
    for at, target in enumerate(queue):  # which grows meanwhile
        if at == level_end:
            level_end, depth = len(queue), depth + 1
        if predicate(target):
            chain = [target]
            while parents[at] >= 0:
                at = parents[at]
                chain.append(queue[at])
            return chain
        for source in edge_func(target) if depth < max_depth else ():
            if id(source) not in seen:
                seen.add(id(source))
                queue.append(source)
                parents.append(at)
    return [obj]


def find_ref_chain(obj: Any, predicate: Predicate, max_depth: int = 20,
                   extra_ignore: Collection[int] = ()) -> List[Any]:
    """A shortest chain of references from obj to an object for which ``predicate`` holds.

    [obj] where there is none of at most ``max_depth`` references that avoids the objects whose ids
    are in ``extra_ignore``.
    """
    return _find_chain(obj, predicate, gc.get_referents, max_depth, extra_ignore)[::-1]


def find_backref_chain(obj: Any, predicate: Predicate, max_depth: int = 20,
                       extra_ignore: Collection[int] = ()) -> List[Any]:
    """A shortest chain of references to obj from an object for which ``predicate`` holds.

    As in ``find_backref_chain(obj, is_proper_module)``. [obj] where there is none.
    """
    ignored = {id(extra_ignore), *extra_ignore}
    if predicate is is_proper_module and isinstance(max_depth, int):
        chain = _heapgraph.chain_from_module(obj, min(max_depth, sys.maxsize), list(ignored))
        if chain is not None:
            return chain
    referrers = _heapgraph.Referrers()
    try:
        return _find_chain(obj, predicate, referrers, max_depth, ignored)
    finally:
        referrers.clear()


def show_backrefs(objs: Any, max_depth: int = 3, extra_ignore: Collection[int] = (),
                  filter: Optional[Predicate] = None, too_many: int = 10,
                  highlight: Optional[Predicate] = None, filename: Optional[str] = None,
                  extra_info: Optional[Callable[[Any], object]] = None, refcounts: bool = False,
                  shortnames: bool = True, output: Optional[TextIO] = None,
                  extra_node_attrs: Optional[Callable[[Any], Dict[str, str]]] = None) -> Any:
    """Draws what refers to ``objs``, an object or a list of objects, up to modules.

    ``filename`` says the format (.dot is what Graphviz reads); ``output`` is a file to write that to.
    With neither the picture is shown: in the notebook, by xdot, or as a .png whose name is printed.
    ``too_many`` bounds the arrows at one object; ``filter`` and ``extra_ignore`` (ids) leave objects
    out, ``highlight`` colours them; ``extra_info`` adds a line to an object's text, ``refcounts`` its
    reference count, ``extra_node_attrs`` attributes for Graphviz.
    """
    objs = as_list(objs)
    referrers = _heapgraph.Referrers()
    try:
        return _show_graph(objs, referrers, False, max_depth, extra_ignore, filter, too_many,
                           highlight, filename, extra_info, refcounts, shortnames, output,
                           is_proper_module, extra_node_attrs)
    finally:
        referrers.clear()


def show_refs(objs: Any, max_depth: int = 3, extra_ignore: Collection[int] = (),
              filter: Optional[Predicate] = None, too_many: int = 10,
              highlight: Optional[Predicate] = None, filename: Optional[str] = None,
              extra_info: Optional[Callable[[Any], object]] = None, refcounts: bool = False,
              shortnames: bool = True, output: Optional[TextIO] = None,
              extra_node_attrs: Optional[Callable[[Any], Dict[str, str]]] = None) -> Any:
    """Draws what ``objs`` refer to, as show_backrefs() draws the other way."""
    objs = as_list(objs)
    return _show_graph(objs, gc.get_referents, True, max_depth, extra_ignore, filter, too_many,
                       highlight, filename, extra_info, refcounts, shortnames, output, None,
                       extra_node_attrs)


def show_chain(*chains: List[Any], **kw: Any) -> Any:
    """Draws chains that find_backref_chain() found; ``backrefs=False`` those of find_ref_chain().

    The other arguments are those of show_backrefs().
    """
    backrefs = kw.pop("backrefs", True)
    chosen = [chain for chain in chains if chain]
    ids = {id(one) for chain in chosen for one in chain}
    show, end = (show_backrefs, -1) if backrefs else (show_refs, 0)
    return show(Asked([chain[end] for chain in chosen]), max_depth=max(map(len, chosen)) - 1,
                filter=lambda one: id(one) in ids, **kw)


def _show_graph(objs: Any, edge_func: Edges, swap_source_target: bool, max_depth: int = 3,
                extra_ignore: Collection[int] = (), filter: Optional[Predicate] = None,
                too_many: int = 10, highlight: Optional[Predicate] = None,
                filename: Optional[str] = None,
                extra_info: Optional[Callable[[Any], object]] = None, refcounts: bool = False,
                shortnames: bool = True, output: Optional[TextIO] = None,
                cull_func: Optional[Predicate] = None,
                extra_node_attrs: Optional[Callable[[Any], Dict[str, str]]] = None) -> Any:
    if filename and output:
        raise ValueError("filename and output cannot both be given")
    objs = as_list(objs)
    look = Look(edge_func, swap_source_target, max_depth, extra_ignore, filter, too_many, highlight,
                extra_info, refcounts, shortnames, cull_func, extra_node_attrs)
    if output:
        write_graph(output.write, objs, look)
        return None
    if IS_INTERACTIVE and not filename:
        text = StringIO()
        write_graph(text.write, objs, look)
        return graphviz.Source(text.getvalue())
    if filename and filename.endswith(".dot"):
        dot_filename = filename
        file: TextIO = open(filename, "w", encoding="utf-8")
    else:
        number, dot_filename = tempfile.mkstemp(prefix="objgraph-", suffix=".dot", text=True)
        file = os.fdopen(number, "w", encoding="utf-8")
    with file:
        nodes = write_graph(file.write, objs, look)
    print(f"Graph written to {dot_filename} ({nodes} nodes)")
    _present_graph(dot_filename, filename)
    return None


def _program_in_path(program: str) -> bool:
    return shutil.which(program) is not None


def _present_graph(dot_filename: str, filename: Optional[str] = None) -> None:
    """Makes of a .dot file what was asked for: a file of another format, or something to look at."""
    if filename == dot_filename:
        return
    if not filename and _program_in_path("xdot"):
        print("Spawning graph viewer (xdot)")
        subprocess.Popen(["xdot", dot_filename], close_fds=True)
        return
    if not _program_in_path("dot"):
        missing = "Image renderer (dot)" if filename else \
            "Graph viewer (xdot) and image renderer (dot)"
        print(f"{missing} not found, not doing anything else")
        return
    if not filename:
        print("Graph viewer (xdot) not found, generating a png instead")
        filename = dot_filename[:-len(".dot")] + ".png"
    _, extension = os.path.splitext(filename)
    command = ["dot", "-T" + extension[1:], "-o" + filename, dot_filename]
    dot = subprocess.Popen(command, close_fds=False)
    dot.wait()
    if dot.returncode:
        print(f'dot failed (exit code {dot.returncode}) while executing "{" ".join(command)}"')
    else:
        print(f"Image generated as {filename}")
