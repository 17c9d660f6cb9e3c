"""The rules of this repository that no compiler knows. Prints what breaks them; exit 1 if anything does.

- graph/ includes nothing of inspect/ or python_glue/, and only python_glue/ includes Python.h;
- files and functions stay short enough to be read;
- include guards are `#pragma once`, lines end without blanks, and fit the width;
- no work is left for later in the text.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE_LINES = 500
FUNCTION_LINES = 80
COLUMNS = 120  # 100 is the aim; this is where a line is in a reader's way
TAB = 8
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def files():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [Path(name) for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def includes(text):
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', text, re.M)


def layering(path, text):
    for name in includes(text):
        if path.parts[0] == "graph" and re.search(r"inspect/|python_glue/", name):
            yield f"graph/ must not include {name}"
        if name == "Python.h" and path.parts[0] != "python_glue":
            yield "only python_glue/ may include Python.h"


def functions(lines):
    """(first line, length) of each function in kernel style: braces in the first column."""
    begin = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            begin = number
        elif line.startswith("}") and begin:
            yield begin, number - begin - 1
            begin = None


def lengths(path, lines):
    if len(lines) > FILE_LINES:
        yield f"{len(lines)} lines; at most {FILE_LINES}"
    if path.suffix == ".c":
        for begin, length in functions(lines):
            if length > FUNCTION_LINES:
                yield f"{begin}: a function of {length} lines; at most {FUNCTION_LINES}"


def layout(path, lines):
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            yield f"{number}: blanks at the end"
        if path.suffix in (".c", ".h", ".py") and len(line.expandtabs(TAB)) > COLUMNS:
            yield f"{number}: {len(line.expandtabs(TAB))} columns; at most {COLUMNS}"
        if UNFINISHED.search(line) and path.name != "lint.py":
            yield f"{number}: unfinished: {line.strip()}"
    if path.suffix == ".h" and "#pragma once" not in lines:
        yield "a header without #pragma once"


def main():
    wrong = 0
    for path in files():
        if path.suffix not in (".c", ".h", ".py", ".md", ".build", ".sh") and path.name != "dev":
            continue
        text = (ROOT / path).read_text(encoding="utf-8")
        lines = text.splitlines()
        for what in [*layering(path, text), *lengths(path, lines), *layout(path, lines)]:
            print(f"{path}: {what}")
            wrong += 1
    if wrong:
        sys.exit(f"lint: {wrong} to mend")


if __name__ == "__main__":
    main()
