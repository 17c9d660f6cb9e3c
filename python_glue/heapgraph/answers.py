"""What heapgraph says: text to read, rows to go through, JSON to keep, a picture to look at."""

from __future__ import annotations

import tempfile
import textwrap
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple, Union

from .command import Error, PathLike, Row, answer, run, text
from .notebook import as_html

# Of each verb, the list that it is about.
_ROWS = {"report": "findings", "handles": "libraries", "cycles": "cycles", "types": "types",
         "why": "objects", "refs": "objects", "backrefs": "objects", "retained": "retained",
         "diff": "growth"}
_MOST = 12  # findings on one screen


class Answer:
    """What heapgraph says to one question.

    ``repr()`` is the text that the command prints. ``answer["key"]`` and ``to_dict()`` are the JSON of
    docs/INTERFACE.md. The rows of the list that the question is about are there for ``len()``, ``for``,
    ``answer[0]``, and the keys of a row are its attributes, too: ``answer[0].type``. An answer without
    rows is false, and answers with the same rows are equal. Notebooks show the picture and the text.

    It is about the snapshot that was taken when it was asked, however the process goes on.
    """

    def __init__(self, arguments: Tuple[object, ...], snapshots: Tuple[object, ...]) -> None:
        self._arguments = arguments
        self._snapshots = snapshots  # their files must live as long
        self._dict: Optional[Row] = None
        self._text: Optional[str] = None

    def to_dict(self) -> Row:
        """The JSON that the command gives with ``--json``."""
        if self._dict is None:
            self._dict = answer(*self._arguments)
        return self._dict

    @property
    def rows(self) -> List[Row]:
        """The list that the question is about: findings, libraries, cycles, types, objects, growth."""
        found = self.to_dict()
        rows: List[Row] = found.get("diff", found).get(_ROWS[str(self._arguments[0])]) or []
        return rows

    def text(self, verbose: bool = False) -> str:
        """What ``repr()`` gives; ``verbose`` leaves nothing out, as the command's ``-v``."""
        if verbose:
            return text((*self._arguments, "-v")).rstrip("\n")
        if self._text is None:
            self._text = text(self._arguments).rstrip("\n")
        return self._text

    def draw(self, path: PathLike, *, force: bool = False) -> Path:
        """Writes the picture of this answer: .png, .svg, .pdf or .dot. ``force`` overwrites a file."""
        run(*self._arguments, "-q", *(["-f"] if force else []), "-o", Path(path).absolute())
        return Path(path)

    def __getitem__(self, key: Union[str, int, slice]) -> Any:
        return self.to_dict()[key] if isinstance(key, str) else self.rows[key]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Answer):
            return self._arguments[0] == other._arguments[0] and self.rows == other.rows
        return self.rows == other if isinstance(other, list) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return self.text()

    def __reduce__(self) -> str:
        raise TypeError("an answer belongs to its snapshot's file: keep its to_dict()")

    def _repr_svg_(self) -> Optional[str]:
        try:
            with tempfile.TemporaryDirectory(prefix="heapgraph-") as folder:
                return self.draw(Path(folder) / "answer.svg").read_text(encoding="utf-8")
        except (Error, OSError):
            return None  # a verb without a picture, or no folder for it: the text is there

    def _repr_html_(self) -> str:
        return as_html(repr(self), self._repr_svg_())


class Report(Answer):
    """The whole report. Its rows are the findings."""

    def _ask(self, ask: Any, *flags: str) -> Any:
        # The report draws a picture by itself, which nobody asked for here.
        with tempfile.TemporaryDirectory(prefix="heapgraph-") as folder:
            return ask(*self._arguments, *flags, "-o", Path(folder) / "report.dot")

    def text(self, verbose: bool = False) -> str:
        whole = self._ask(lambda *arguments: text(arguments), *(["-v"] if verbose else []))
        return "\n".join(line for line in whole.splitlines() if not line.startswith("picture: "))

    def to_dict(self) -> Row:
        if self._dict is None:
            self._dict = Row({**self._ask(answer), "outputs": []})
        return self._dict


class Findings(Report):
    """What is wrong, most severe first: ``if heapgraph.findings(): ...``."""

    def text(self, verbose: bool = False) -> str:
        shown = self.rows if verbose else self.rows[:_MOST]
        lines = [line for one in shown for line in _finding_lines(one)]
        if len(shown) < len(self):
            lines.append(f"... {len(self) - len(shown)} more")
        return "\n".join(lines) or "nothing found"


def _finding_lines(one: Row) -> List[str]:
    lines = [f"{one.severity.upper():8} {one.title} ({one.code})", f"{'':8} {one.evidence}",
             f"{'':8} fix: {one.advice}"]
    return [part for line in lines if line.strip()
            for part in textwrap.wrap(line, 80, subsequent_indent=" " * 9)]


class References(Answer):
    """The references to one object: how many its count says, and those that were found.

    Its rows are those found, each with the ``object`` that refers, its ``type``, and the ``edge``.
    """

    def __init__(self, arguments: Tuple[object, ...], snapshots: Tuple[object, ...], ours: int = 0,
                 own: Optional[str] = None) -> None:
        super().__init__(arguments, snapshots)
        self._ours, self._own = ours, own

    @property
    def rows(self) -> List[Row]:
        return [one for one in self.to_dict()["objects"][0]["referrers"] if one["object"] != self._own]

    found = rows

    @property
    def counted(self) -> Optional[int]:
        """The reference count; None where the object is immortal and its count says nothing."""
        count: int = self.to_dict()["objects"][0]["refcount"]
        # PEP 683: immortal counts have the highest bit of 32 set (of 3.12 and newer).
        return None if count >> 31 else count - self._ours

    @property
    def missing(self) -> Optional[int]:
        """References that no object and no frame accounts for: C code has them, or lost them."""
        return None if self.counted is None else self.counted - len(self)

    def text(self, verbose: bool = False) -> str:
        kind, rows = self.to_dict()["objects"][0]["type"], self.rows
        shown = rows if verbose else rows[:_MOST]
        head = "is immortal" if self.counted is None else \
            f"is referred to {self.counted} times, {self.missing} of them by nothing that was found"
        lines = [f"{kind} {head}", *(f"  {one.edge}  of {one.type} {one.object}" for one in shown)]
        if len(shown) < len(rows):
            lines.append(f"  ... {len(rows) - len(shown)} more")
        return "\n".join(lines)
