"""How an answer looks in a notebook: the picture, as wide as the cell at most, and the text below it.

A picture that would become too small to read is as wide as it must be and scrolls, as long lines of text
do. The picture is drawn for a light page; JupyterLab and VS Code say in an attribute that theirs is dark,
and the style turns its colours round.
"""

from __future__ import annotations

import html
import re
from typing import Optional

_SMALLEST = 0.7  # of the size at which its letters are as those of the text
_STYLE = """<style>
.heapgraph { overflow-x: auto; }
.heapgraph svg { display: block; height: auto; }
.heapgraph pre { white-space: pre; line-height: 1.3; }
[data-jp-theme-light="false"] .heapgraph svg, .vscode-dark .heapgraph svg {
  filter: invert(0.9) hue-rotate(180deg); }
</style>"""


def _scaled(picture: str) -> str:
    """The element alone, with a width of its own in place of Graphviz's."""
    svg = picture[picture.index("<svg"):]
    head, rest = svg.split(">", 1)
    box = re.search(r'viewBox="\S+ \S+ (\S+) \S+"', head)
    if not box:
        return svg
    width = float(box[1])
    head = re.sub(r'\s(width|height)="[^"]*"', "", head)
    return (f'{head} style="width: {width:.0f}px; max-width: max(100%, {width * _SMALLEST:.0f}px)">'
            f"{rest}")


def as_html(text: str, picture: Optional[str]) -> str:
    drawn = f"<div>{_scaled(picture)}</div>" if picture else ""
    return f'{_STYLE}<div class="heapgraph">{drawn}<pre>{html.escape(text)}</pre></div>'
