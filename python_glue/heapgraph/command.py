"""Running the heapgraph command that lies beside the extension."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any, Dict, Iterable, Optional, Union

from . import _heapgraph

PathLike = Union[str, "os.PathLike[str]"]
PROGRAM = Path(_heapgraph.__file__).with_name("heapgraph")

# What the command says of its own flags, as one says it here.
_WORDS = {"-f overwrites it": "force=True overwrites it", "or -o FILE on": "or give a path on"}


class Error(Exception):
    """What heapgraph could not do: one line that says why, and the one remedy, if there is one.

    ``code`` is the exit status that the command has for it (docs/INTERFACE.md).
    """

    def __init__(self, message: str, hint: Optional[str] = None, code: int = 1) -> None:
        for theirs, ours in _WORDS.items():
            hint = hint.replace(theirs, ours) if hint else None
        self.message, self.hint, self.code = message, hint, code
        super().__init__(message, hint, code)

    def __str__(self) -> str:
        return f"{self.message} (hint: {self.hint})" if self.hint else self.message


class Row(Dict[str, Any]):
    """A dict of the JSON, whose keys are attributes, too: ``row["code"]``, ``row.code``."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"it has {', '.join(self)}; not {name}") from None

    def __dir__(self) -> Iterable[str]:
        return [*super().__dir__(), *self]


def _error(text: str, code: int) -> Error:
    if code < 0:
        return Error(f"the heapgraph command was ended by {signal.Signals(-code).name}")
    message, hint = text.strip() or f"the heapgraph command ended with {code}", None
    for line in text.splitlines():
        if line.startswith("heapgraph: "):
            message = line[len("heapgraph: "):]
        elif line.startswith("hint: "):
            hint = line[len("hint: "):]
    return Error(message, hint, code)


def run(*arguments: object) -> str:
    """What the command prints; exit status 6 (incomplete) and 7 (``--fail-on``) are answers, too."""
    status, output, errors = _heapgraph.run([PROGRAM, *map(_argument, arguments)])
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
    if code not in (0, 6, 7):
        raise _error(errors.decode("utf-8", "replace"), code)
    return str(output, "utf-8", "replace")


def _argument(value: object) -> Any:
    return value if isinstance(value, (str, bytes, os.PathLike)) else str(value)


def answer(*arguments: object) -> Row:
    """The JSON of a verb, as docs/INTERFACE.md describes it."""
    found: Row = json.loads(run(*arguments, "--json"), object_hook=Row)
    return found


def text(arguments: Iterable[object]) -> str:
    """The same as text of 100 columns."""
    return run(*arguments, "--color", "never")
