"""Running the heapgraph command that lies beside the extension."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Dict, Iterable, Optional

from . import _heapgraph

PROGRAM = Path(_heapgraph.__file__).with_name("heapgraph")


class Error(Exception):
    """What heapgraph could not do: one line that says why, and the one remedy, if there is one.

    ``code`` is the exit status that the command has for it (docs/INTERFACE.md).
    """

    def __init__(self, message: str, hint: Optional[str] = None, code: int = 1) -> None:
        super().__init__(message if not hint else f"{message} (hint: {hint})")
        self.message, self.hint, self.code = message, hint, code


def _error(text: str, code: int) -> Error:
    message, hint = text.strip() or f"heapgraph ended with {code}", None
    for line in text.splitlines():
        if line.startswith("heapgraph: "):
            message = line[len("heapgraph: "):]
        elif line.startswith("hint: "):
            hint = line[len("hint: "):]
    return Error(message, hint, code)


def run(*arguments: object) -> str:
    """What the command prints; exit status 6 (incomplete) and 7 (``--fail-on``) are answers, too."""
    done = subprocess.run([str(PROGRAM), *map(os.fspath, map(_argument, arguments))],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode not in (0, 6, 7):
        raise _error(done.stderr.decode("utf-8", "replace"), done.returncode)
    return done.stdout.decode("utf-8", "replace")


def _argument(value: object) -> Any:
    return value if isinstance(value, (str, bytes, os.PathLike)) else str(value)


def answer(*arguments: object) -> Dict[str, Any]:
    """The JSON of a verb, as docs/INTERFACE.md describes it."""
    return json.loads(run(*arguments, "--json"))


def text(arguments: Iterable[object]) -> str:
    """The same as text of 100 columns."""
    return run(*arguments, "--color", "never")
