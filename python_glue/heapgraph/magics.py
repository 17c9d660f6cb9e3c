"""IPython and Jupyter: ``%heapgraph why x``, ``%heapgraph handles``, with the picture inline."""

from __future__ import annotations

import shlex
from typing import Any, List, Optional, Tuple

from .answers import Answer
from .command import Error
from .snapshots import snapshot

_OF_ALL = ("report", "handles", "cycles", "types", "retained")
_OF_ONE = ("why", "retained", "refs", "backrefs")
_SELECTS = ("0x", "type:", "lib:")  # what is no expression of Python, or hardly one

_HELP = """What pins what in this process.

    %heapgraph                      the report: what is wrong, and what keeps it
    %heapgraph why EXPRESSION       the chains that keep an object, and what to do about it
    %heapgraph retained EXPRESSION  what would be freed if it went
    %heapgraph refs EXPRESSION      what it refers to; backrefs: what refers to it
    %heapgraph handles | cycles | types | retained
    %%heapgraph diff                in the first line of a cell: what the cell left behind

EXPRESSION is evaluated here (x, cache["a"], Out[3]), or type:NAME, lib:NAME or an address. Options of the
command stand before it: %heapgraph why -v x, %heapgraph types --limit 50."""


def _usage(message: str) -> Exception:
    from IPython.core.error import UsageError  # type: ignore[import-not-found,unused-ignore]

    shown_as_one_line: Exception = UsageError(message)
    return shown_as_one_line


def _options(rest: str) -> Tuple[List[str], str]:
    """The options before an expression, and that."""
    options = []
    while rest.startswith("-v ") or rest.startswith("--"):
        option, _, rest = rest.partition(" ")
        rest = rest.lstrip()
        options.append(option)
        if option in ("--limit", "--depth", "--max-nodes"):
            value, _, rest = rest.partition(" ")
            options.append(value)
    return options, rest


def _split(line: str) -> List[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise _usage(f"{line}: {error}") from None


def _evaluated(shell: Any, expression: str) -> Any:
    try:
        return shell.ev(expression)
    except Exception as error:  # whatever the expression raises
        raise _usage(f"{expression}: {type(error).__name__}: {error}") from None


def _ask(shell: Any, line: str) -> Answer:
    verb, _, rest = line.strip().partition(" ")
    verb = verb or "report"
    options, expression = _options(rest.strip())
    if verb in _OF_ONE and expression.startswith(_SELECTS):
        return snapshot().ask(verb, expression, *options)
    if verb in _OF_ONE and expression:
        it = _evaluated(shell, expression)
        return snapshot().ask(verb, hex(id(it)), *options)
    if verb == "report" and not rest:
        return snapshot().report()
    if verb in _OF_ALL:
        return snapshot().ask(verb, *_split(rest))
    raise _usage(f"%heapgraph {' | '.join(_OF_ALL)}; "
                 f"%heapgraph {' | '.join(_OF_ONE)} EXPRESSION (see %heapgraph?)")


def _left_behind(shell: Any, line: str, cell: str) -> Answer:
    verb, *options = _split(line) or ["diff"]
    if verb != "diff":
        raise _usage("%%heapgraph diff: the others take a line, with one %")
    before = snapshot()
    shell.run_cell(cell)
    after = snapshot()
    return Answer(("diff", before.path, after.path, *options), (before, after))


def _complete(shell: Any, event: Any) -> List[str]:
    words = event.line.split()
    if len(words) > (1 if event.line.endswith(" ") else 2):
        return list(shell.Completer.global_matches(event.symbol))
    return ["diff"] if words[0].startswith("%%") else sorted({*_OF_ALL, *_OF_ONE})


def register(shell: Any) -> None:
    def heapgraph(line: str, cell: Optional[str] = None) -> Answer:
        try:
            answer = _ask(shell, line) if cell is None else _left_behind(shell, line, cell)
            repr(answer)  # what cannot be answered is said here, in one line
            return answer
        except Error as error:
            raise _usage(str(error)) from None

    heapgraph.__doc__ = _HELP
    shell.register_magic_function(heapgraph, magic_kind="line_cell", magic_name="heapgraph")
    shell.set_hook("complete_command", _complete, re_key="%?%heapgraph")
