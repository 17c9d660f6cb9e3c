"""IPython and Jupyter: ``%heapgraph why x``, ``%heapgraph handles``, with the picture inline."""

from __future__ import annotations

from .snapshots import snapshot


def _run(shell, line: str):
    verb, _, rest = line.strip().partition(" ")
    rest = rest.strip()
    taken = snapshot()
    if verb in ("", "report"):
        return taken.report()
    if verb in ("handles", "cycles", "types") or (verb == "retained" and not rest):
        return taken.ask(verb, *rest.split())
    if verb not in ("why", "refs", "backrefs", "retained") or not rest:
        raise ValueError("%heapgraph report | handles | cycles | types | retained [EXPRESSION] | "
                         "why EXPRESSION | refs EXPRESSION | backrefs EXPRESSION")
    return taken.ask(verb, hex(id(shell.ev(rest))))


def register(shell) -> None:
    def heapgraph(line: str):
        """Asks heapgraph about this process; EXPRESSION is evaluated here."""
        return _run(shell, line)

    shell.register_magic_function(heapgraph, magic_kind="line", magic_name="heapgraph")
