"""How objgraph's pictures name an object and a reference: the text that each node and arrow has.

Types are asked by type(), never by ``__class__``: a mock claims to be what it stands for.
"""

from __future__ import annotations

import inspect
import os
import re
import types
from typing import Any, Callable, Dict, Optional, Tuple

from . import _heapgraph

_identifier = re.compile("[a-zA-Z_][a-zA-Z_0-9]*$").match


def is_a(obj: object, classes: Any) -> bool:
    return issubclass(type(obj), classes)


def name_of_type(kind: type, short: bool) -> str:
    """``ClassName``, or ``package.module.ClassName`` where the class says a module."""
    module = None if short else getattr(kind, "__module__", None)
    return f"{module}.{kind.__name__}" if module else kind.__name__


def short_typename(obj: object) -> str:
    return name_of_type(type(obj), True)


def long_typename(obj: object) -> str:
    return name_of_type(type(obj), False)


def quote(text: str) -> str:
    """For a string in double quotes of the DOT language."""
    for plain, quoted in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\0", "\\\\0")):
        text = text.replace(plain, quoted)
    return text


def _cut_repr(obj: object) -> str:
    return repr(obj)[:40]


def _name_or_repr(obj: Any) -> str:
    name = getattr(obj, "__name__", None)
    return str(name) if is_a(name, str) else _cut_repr(obj)


def short_repr(obj: Any) -> str:
    """A few words that tell one object from another of its type. May raise what its repr() does."""
    if is_a(obj, (type, types.ModuleType, types.BuiltinFunctionType)):
        return _name_or_repr(obj)
    if is_a(obj, types.MethodType):
        bound = " (bound)" if obj.__self__ else ""
        return _name_or_repr(obj.__func__) + bound
    if is_a(obj, types.FunctionType) and obj.__name__ == "<lambda>":
        code = obj.__code__
        return f"lambda: {os.path.basename(code.co_filename)}:{code.co_firstlineno}"
    if is_a(obj, types.FrameType):
        return f"{obj.f_code.co_filename}:{obj.f_lineno}"
    if is_a(obj, (tuple, list, dict, set)):
        return f"{len(obj)} items"
    return _cut_repr(obj)


def safe_repr(obj: object) -> str:
    try:
        return short_repr(obj)
    except Exception:  # of any __repr__ of the program
        return "(unrepresentable)"


def node_id(obj: object) -> str:
    return f"o{id(obj)}"


def node_label(obj: object, extra_info: Optional[Callable[[Any], object]] = None,
               refcount: Optional[int] = None, shortnames: bool = True) -> str:
    lines = [name_of_type(type(obj), shortnames)]
    if refcount is not None:
        lines[0] += f" [{refcount}]"
    lines.append(safe_repr(obj))
    if extra_info:
        lines.append(str(extra_info(obj)))
    return quote("\n".join(lines))


def node_attributes(obj: object, wanted: Optional[Callable[[Any], Dict[str, str]]]) -> str:
    """What is appended to the label: ``, name="value"`` each, by name."""
    if wanted is None:
        return ""
    given = sorted((name, value) for name, value in wanted(obj).items() if value is not None)
    return ", " + ", ".join(f'{name}="{quote(value)}"' for name, value in given)


def gradient(start: Tuple[float, ...], end: Tuple[float, ...], depth: int,
             max_depth: int) -> Tuple[float, ...]:
    """The colour at a depth, between that of depth 0 and that of the greatest."""
    if max_depth == 0:
        return start
    part = depth / max_depth
    return tuple(first * (1 - part) + last * part for first, last in zip(start, end))


def _field(source: Any, target: object) -> Optional[str]:
    """By which name of its own an object that is no plain container has another."""
    names: Tuple[str, ...] = ()
    if is_a(source, types.FrameType):
        # A function's f_locals are a dictionary that asking for them makes.
        names = ("f_globals",) if source.f_code.co_flags & inspect.CO_OPTIMIZED else \
            ("f_locals", "f_globals")
    elif is_a(source, types.MethodType):
        names = ("__self__", "__func__")
    return _heapgraph.field_name(source, target) or \
        next((name for name in names if getattr(source, name) is target), None)


def _key(source: Dict[Any, Any], target: object) -> Optional[Tuple[Any]]:
    if type(source) is dict:
        return _heapgraph.key_of(source, target)
    return next(((key,) for key, value in source.items() if value is target), None)


def edge_label(source: Any, target: object, shortnames: bool = True) -> str:
    """The attributes of the arrow, in brackets; nothing where the reference has no name."""
    name = _field(source, target)
    if name is not None:
        return f' [label="{quote(name)}",weight=10]'
    found = _key(source, target) if is_a(source, dict) else None
    if not found:
        return ""
    key = found[0]
    if is_a(key, str) and _identifier(key):
        return f' [label="{quote(key)}",weight=2]'
    text = f"{name_of_type(type(key), shortnames)}\n{safe_repr(key)}"
    return f' [label="{quote(text)}"]'
