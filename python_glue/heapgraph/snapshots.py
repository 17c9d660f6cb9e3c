"""Snapshots of this process and of others, and the questions that one asks of them."""

from __future__ import annotations

import builtins
import os
import shutil
import sys
import tempfile
import weakref
from pathlib import Path
from types import FrameType
from typing import Optional, Union

from . import _heapgraph
from .answers import Answer, Findings, References, Report
from .command import Error, PathLike, run

_heapgraph.Error = Error


def _remove(folder: str, owner: int) -> None:
    if os.getpid() == owner:  # a forked child has a copy of the object, and no file of its own
        shutil.rmtree(folder, ignore_errors=True)


class Snapshot:
    """A snapshot file (.hgs). Where heapgraph chose its name, it goes with the object.

    OBJECT in these questions is what the command takes: ``"__main__.cache['a']"``,
    ``"type:app.Session"``, ``"lib:libfoo.so"``, an address (``hex(id(obj))``).
    """

    def __init__(self, path: PathLike, *, temporary: Optional[str] = None) -> None:
        self.path = Path(os.path.abspath(os.fsdecode(path)))
        if temporary:
            weakref.finalize(self, _remove, temporary, os.getpid())

    def ask(self, verb: str, *arguments: object) -> Answer:
        """Any verb of the command that takes a snapshot: ``ask("refs", "__main__.cache")``."""
        return Answer((verb, self.path, *arguments), (self,))

    def report(self) -> Report:
        """The whole report: findings first, then libraries and their owners."""
        return Report(("report", self.path), (self,))

    def findings(self) -> Findings:
        """What is wrong, most severe first; each has ``code``, ``title``, ``evidence``, ``advice``."""
        return Findings(("report", self.path), (self,))

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
        return self.ask("why", _object(expression))

    why_alive = why  # as the function of the module is called

    def retained(self, expression: Optional[str] = None) -> Answer:
        """Who keeps how much alive; with an expression, what would be freed if that went."""
        return self.ask("retained", *((_object(expression),) if expression is not None else ()))

    def refcount(self, expression: str) -> References:
        """The references to an object: counted, found, missing."""
        return References(("backrefs", self.path, _object(expression), "--limit", 0), (self,))

    def diff(self, *newer: "Snapshot") -> Answer:
        """What grew from this snapshot to the later one or two, and what keeps it."""
        return Answer(("diff", self.path, *(one.path for one in newer)), (self, *newer))

    def __repr__(self) -> str:
        return f"<heapgraph.Snapshot {str(self.path)!r}>"

    def __reduce__(self) -> str:
        raise TypeError("a snapshot is a file: keep its path")


def _object(expression: str) -> str:
    if not isinstance(expression, str):
        raise TypeError(f"an expression such as \"__main__.cache\" or hex(id(obj)), not "
                        f"{type(expression).__name__}")
    if expression.startswith("-"):
        raise Error(f"{expression!r} selects no object",
                    "begin with a module that is imported, such as __main__", 2)
    return expression


def _own_frames() -> int:
    """How many frames of this package are on the stack, and the one that called it."""
    frame: Optional[FrameType] = sys._getframe(1)
    count = 1
    while frame is not None and frame.f_globals.get("__package__") == __package__:
        frame, count = frame.f_back, count + 1
    return count


def _folder() -> str:
    try:
        return tempfile.mkdtemp(prefix="heapgraph-")
    except OSError as error:
        raise Error(f"cannot make a temporary folder: {error}",
                    "set TMPDIR, or give the snapshot a path") from None


def _take(path: Optional[PathLike], frames: int, *, force: bool = False,
          redact: bool = False) -> Snapshot:
    if path is not None:
        if not os.fsdecode(path).endswith(".hgs"):
            raise Error(f"cannot write {os.fsdecode(path)}: a snapshot's name ends in .hgs",
                        "name it FILE.hgs", 2)
        _heapgraph.capture(path, frames=frames, force=force, redact=redact)
        return Snapshot(path)
    folder = _folder()
    try:
        _heapgraph.capture(os.path.join(folder, "snapshot.hgs"), frames=frames, redact=redact)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Snapshot(os.path.join(folder, "snapshot.hgs"), temporary=folder)


def snapshot(path: Optional[PathLike] = None, *, force: bool = False,
             redact: bool = False) -> Snapshot:
    """A snapshot of this process, now.

    Other threads stand still while the process is cloned, some milliseconds; the walk happens in the
    clone. No collection is run, nothing is changed. ``path`` ends in .hgs; without one the file is
    temporary. ``force`` overwrites a file that is there. ``redact`` leaves values out.
    """
    return _take(path, _own_frames() + 1, force=force, redact=redact)


def take_unasked(path: PathLike, *, redact: bool) -> None:
    """As snapshot(), where no frame of the program asks: who calls this package was interrupted."""
    _take(path, _own_frames(), redact=redact)


def _is_core(path: PathLike) -> bool:
    """Whether the file begins as ELF, zstd or lz4 do: what it is, the command says in the end."""
    try:
        with builtins.open(path, "rb") as file:
            return file.read(4) in (b"\x7fELF", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18")
    except IsADirectoryError:
        return False
    except OSError as error:
        raise Error(f"cannot open {os.fsdecode(path)}: {error.strerror}") from None


def open(path: PathLike, *, exe: Optional[PathLike] = None,
         sysroot: Optional[PathLike] = None) -> Snapshot:  # as gzip.open: what is there
    """A snapshot file, made by this module or by the command, or a core.

    A core is read once, into a temporary snapshot. ``exe`` is the program that it ran, ``sysroot`` the
    root of the file system that it ran in, where they are not at their paths.
    """
    if not _is_core(path):
        return Snapshot(path)
    places = [word for flag, place in (("--exe", exe), ("--sysroot", sysroot)) if place is not None
              for word in (flag, place)]
    folder = _folder()
    try:
        run("types", os.path.abspath(os.fsdecode(path)), "-q", "-o",
            os.path.join(folder, "core.hgs"), *places)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Snapshot(os.path.join(folder, "core.hgs"), temporary=folder)


Source = Union[Snapshot, PathLike]


def diff(old: Source, new: Source, *newer: Source) -> Answer:
    """What grew between two or three snapshots or cores of one process, the oldest first."""
    first, *later = [one if isinstance(one, Snapshot) else open(one) for one in (old, new, *newer)]
    return first.diff(*later)


def _address(obj: object) -> str:
    return hex(id(obj))


def why_alive(obj: object) -> Answer:
    """The chains from a root that keep ``obj`` alive, each edge named."""
    return snapshot().why(_address(obj))


def retained(obj: object) -> Answer:
    """What would be freed if ``obj`` went."""
    return snapshot().retained(_address(obj))


def refcount(obj: object) -> References:
    """The reference count of ``obj``, without those of this call, and the references that are found.

    A caller's local variable is one of them. Up to CPython 3.10 the stack of a running frame is not
    known: what lies only there is missing.
    """
    held = [obj]  # the one reference that this call has, in any version
    del obj
    # Up to 3.10 the argument stays on the caller's stack (_PyEval_EvalFrameDefault, CALL_FUNCTION).
    ours = 1 if sys.version_info >= (3, 11) else 2
    taken = _take(None, _own_frames())
    return References(("backrefs", taken.path, _address(held[0]), "--limit", 0), (taken,), ours,
                      _address(held))


def handles() -> Answer:
    """Native handles of this process and what keeps each."""
    return snapshot().handles()


def cycles() -> Answer:
    """Reference cycles of this process."""
    return snapshot().cycles()


def findings() -> Findings:
    """What is wrong in this process, most severe first: ``if heapgraph.findings(): ...``."""
    return snapshot().findings()


def report() -> Report:
    """The report of this process."""
    return snapshot().report()
