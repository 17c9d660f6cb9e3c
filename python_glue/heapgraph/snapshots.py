"""Snapshots of this process and of others, and the questions that one asks of them."""

from __future__ import annotations

import html
import os
import shutil
import sys
import tempfile
import weakref
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union

from . import _heapgraph
from .command import Error, answer, run, text

_heapgraph.Error = Error

PathLike = Union[str, "os.PathLike[str]"]


class Answer:
    """What heapgraph says to one question: text to read, JSON to use, a picture to look at.

    ``repr()`` is the text that the command prints, ``[key]`` and ``to_dict()`` the JSON of
    docs/INTERFACE.md. Notebooks show the picture and the text.
    """

    def __init__(self, arguments: Tuple[object, ...], snapshots: Tuple["Snapshot", ...]) -> None:
        self._arguments = arguments
        self._snapshots = snapshots  # their files must live as long
        self._dict: Optional[Dict[str, Any]] = None

    def to_dict(self) -> Dict[str, Any]:
        if self._dict is None:
            self._dict = answer(*self._arguments)
        return self._dict

    def __getitem__(self, key: str) -> Any:
        return self.to_dict()[key]

    def __repr__(self) -> str:
        return text(self._arguments).rstrip("\n")

    def draw(self, path: PathLike) -> Path:
        """Writes the picture of this answer: .png, .svg, .pdf or .dot. An existing file is refused."""
        run(*self._arguments, "-q", "-o", path)
        return Path(path)

    def _repr_svg_(self) -> Optional[str]:
        with tempfile.TemporaryDirectory(prefix="heapgraph-") as folder:
            try:
                return self.draw(Path(folder) / "answer.svg").read_text(encoding="utf-8")
            except Error:
                return None  # a verb without a picture, or no Graphviz: the text is there

    def _repr_html_(self) -> str:
        return f"{self._repr_svg_() or ''}<pre>{html.escape(repr(self))}</pre>"


class Snapshot:
    """A snapshot file (.hgs). Where heapgraph chose its name, it goes with the object."""

    def __init__(self, path: PathLike, *, temporary: Optional[str] = None) -> None:
        self.path = Path(path)
        if temporary:
            weakref.finalize(self, shutil.rmtree, temporary, ignore_errors=True)

    def ask(self, verb: str, *arguments: object) -> Answer:
        """Any verb of the command that takes a snapshot: ``ask("refs", "__main__.cache")``."""
        return Answer((verb, self.path, *arguments), (self,))

    def report(self) -> Answer:
        """The whole report: findings first, then libraries and their owners."""
        return _Report(("report", self.path), (self,))

    def findings(self) -> List[Dict[str, Any]]:
        """What is wrong, most severe first: the list ``findings`` of the report."""
        return self.report()["findings"]

    def handles(self) -> Answer:
        """Native handles: libraries, descriptors, capsules, who owns each, what keeps the owner."""
        return self.ask("handles")

    def cycles(self) -> Answer:
        """Reference cycles, those that pin a native handle first."""
        return self.ask("cycles")

    def types(self, where: Optional[str] = None) -> Answer:
        """Count, own size and retained size by type, of objects for which ``where`` holds."""
        return self.ask("types", *(("--where", where) if where else ()))

    def why(self, expression: str) -> Answer:
        """The chains that keep an object: ``why("__main__.cache['a']")``, ``why("type:app.Proc")``."""
        return self.ask("why", expression)

    def retained(self, expression: Optional[str] = None) -> Answer:
        """Who keeps how much alive; with an expression, what would be freed if that went."""
        return self.ask("retained", *((expression,) if expression else ()))

    def diff(self, *newer: "Snapshot") -> Answer:
        """What grew from this snapshot to the later one or two, and what keeps it."""
        return Answer(("diff", self.path, *(one.path for one in newer)), (self, *newer))

    def __repr__(self) -> str:
        return f"<heapgraph.Snapshot {str(self.path)!r}>"


class _Report(Answer):
    def __init__(self, arguments: Tuple[object, ...], snapshots: Tuple[Snapshot, ...]) -> None:
        super().__init__(arguments, snapshots)

    def __repr__(self) -> str:
        with tempfile.TemporaryDirectory(prefix="heapgraph-") as folder:
            # The report draws a picture by itself, which nobody asked for here.
            whole = text((*self._arguments, "-o", Path(folder) / "report.dot"))
        return "\n".join(line for line in whole.splitlines() if not line.startswith("picture: "))

    def to_dict(self) -> Dict[str, Any]:
        if self._dict is None:
            with tempfile.TemporaryDirectory(prefix="heapgraph-") as folder:
                found = answer(*self._arguments, "-o", Path(folder) / "report.dot")
            self._dict = {**found, "outputs": []}
        return self._dict


def _own_frames() -> int:
    """How many frames of this package are on the stack, and the one that called it."""
    frame, count = sys._getframe(1), 1
    while frame is not None and frame.f_globals.get("__package__") == __package__:
        frame, count = frame.f_back, count + 1
    return count


def _take(path: Optional[PathLike], frames: int, **wishes: bool) -> Snapshot:
    if path is not None:
        _heapgraph.capture(path, frames=frames, **wishes)
        return Snapshot(path)
    folder = tempfile.mkdtemp(prefix="heapgraph-")
    try:
        _heapgraph.capture(os.path.join(folder, "snapshot.hgs"), frames=frames, **wishes)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Snapshot(os.path.join(folder, "snapshot.hgs"), temporary=folder)


def snapshot(path: Optional[PathLike] = None, *, force: bool = False,
             redact: bool = False) -> Snapshot:
    """A snapshot of this process, now.

    Other threads stand still while the process is cloned, some milliseconds; the walk happens in the
    clone. No collection is run, nothing is changed. ``path`` ends in .hgs; without one the file is
    temporary. ``redact`` leaves values out.
    """
    return _take(path, _own_frames() + 1, force=force, redact=redact)


def open(path: PathLike) -> Snapshot:  # as gzip.open: a snapshot that is there
    """A snapshot file, made by this module or by the command."""
    if not os.path.exists(path):
        raise FileNotFoundError(os.fspath(path))
    return Snapshot(path)


def diff(*snapshots: Snapshot) -> Answer:
    """What grew between two or three snapshots of one process, the oldest first."""
    return snapshots[0].diff(*snapshots[1:])


def _address(obj: object) -> str:
    return hex(id(obj))


def why_alive(obj: object) -> Answer:
    """The chains from a root that keep ``obj`` alive, each edge named."""
    return snapshot().why(_address(obj))


def retained(obj: object) -> Answer:
    """What would be freed if ``obj`` went."""
    return snapshot().retained(_address(obj))


class References(NamedTuple):
    """The references to an object: how many its count says, and those that were found."""

    counted: int
    found: List[Dict[str, Any]]  #: each with the ``object``, its ``type``, and the ``edge``

    @property
    def missing(self) -> int:
        """References that no object and no frame accounts for: C code has them, or lost them."""
        return self.counted - len(self.found)


def refcount(obj: object) -> References:
    """The reference count of ``obj``, without those of this call, and the references that are found.

    A caller's local variable is one of them. Up to CPython 3.10 the stack of a running frame is not
    known: what lies only there is missing.
    """
    held = [obj]  # the one reference that this call has, in any version
    del obj
    # Up to 3.10 the argument stays on the caller's stack (_PyEval_EvalFrameDefault, CALL_FUNCTION).
    ours = 1 if sys.version_info >= (3, 11) else 2
    row = _take(None, _own_frames()).ask("backrefs", _address(held[0]), "--limit", 0)["objects"][0]
    return References(row["refcount"] - ours, [one for one in row["referrers"]
                                               if one["object"] != _address(held)])


def handles() -> Answer:
    """Native handles of this process and what keeps each."""
    return snapshot().handles()


def cycles() -> Answer:
    """Reference cycles of this process."""
    return snapshot().cycles()


def findings() -> List[Dict[str, Any]]:
    """What is wrong in this process, most severe first."""
    return snapshot().findings()


def report() -> Answer:
    """The report of this process."""
    return snapshot().report()
