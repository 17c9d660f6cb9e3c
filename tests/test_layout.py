"""The offsets that heapgraph uses in a running interpreter are those of its own headers.

python_glue/offsets.c, compiled against the headers, prints offsetof of every field; the developers'
tool process-probe prints what heapgraph took for the running process, table and self-description
(_Py_DebugOffsets) together.
"""

import re
import subprocess
from pathlib import Path

import pytest
from tool import BUILD

OFFSETS = Path(__file__).resolve().parent.parent / "python_glue" / "offsets.c"
PROBE = BUILD / "tests" / "probe" / "process-probe"
COUNTS = {"gc_count"}  # how many, not where


def headers(python):
    """(include directory of the interpreter's headers, where its other headers are)"""
    code = "import sysconfig; print(sysconfig.get_paths()['include'])"
    argv = ["chroot", python.root, python.path] if python.root else [python.path]
    path = subprocess.run([*argv, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    root = Path(python.root or "/")
    include = root / path.lstrip("/")
    if not (include / "internal" / "pycore_pystate.h").exists():
        pytest.skip(f"the headers of {python.name} are not here")
    text = (include / "patchlevel.h").read_text()
    version = re.search(r'#define PY_VERSION\s+"([^"+]+)', text).group(1)
    if version != python.version:
        pytest.skip(f"headers of {version}, interpreter {python.version}")
    return include, root / "usr/include"


def offsets(python, directory):
    include, others = headers(python)
    program = directory / "offsets"
    subprocess.run(["cc", "-w", "-I", include, "-I", include / "internal", "-idirafter", others,
                    "-o", program, OFFSETS], check=True)
    return subprocess.run([program], capture_output=True, text=True, check=True).stdout


def as_table(text):
    table = {}
    for line in text.splitlines():
        name, value = line.split()
        table[name] = int(value)
    return table


def test_layout_is_that_of_the_headers(python, start, tmp_path):
    expected = as_table(offsets(python, tmp_path))
    assert f"{expected.pop('version') >> 16 & 0xff}" == python.version.split(".")[1]
    target = start(python, "idle.py")
    done = subprocess.run([PROBE, str(target.pid), "layout"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    lines = [line[len("layout "):] for line in done.stdout.splitlines() if line.startswith("layout ")]
    used = as_table("\n".join(lines))
    assert {name: used[name] for name in used if name not in COUNTS} == expected
