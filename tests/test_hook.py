"""The hook inside each interpreter, its answers compared with the interpreter's own.

The build has it as a library, which the scripts of tests/hook/ load by ctypes. What it does in a
frozen copy, the tests of whole attaches show."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import interpreters
import tool

HERE = Path(__file__).resolve().parent / "hook"
LIBRARY = tool.BUILD / "tests/hook/libhook-in-process.so"


def inside(python, script, *arguments):
    """Runs a script of tests/hook/ under an interpreter; its JSON."""
    if not LIBRARY.exists():
        pytest.fail(f"{LIBRARY} is not built")
    library = str(LIBRARY)
    if python.root:
        directory = interpreters.folder_in(python.root) / "tests/hook"
        shutil.copytree(HERE, directory, dirs_exist_ok=True)
        shutil.copy(LIBRARY, directory)
        library = str(interpreters.IN_ROOT / "tests/hook" / LIBRARY.name)
    done = subprocess.run(python.command(HERE / script, library, *arguments), capture_output=True,
                          text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_objects_and_referents_are_those_of_gc(python):
    answer = inside(python, "compare.py")
    assert answer["wrong"] == []
    assert answer["compared"] > 5000
    # ctypes' metatypes hold what only StgInfo, a C structure without members, names.
    assert [one for one in answer["unnamed"] if not one[0].startswith("PyC")] == []


def test_every_reference_has_its_name(python):
    assert inside(python, "names.py")["wrong"] == []


def test_texts_are_those_of_repr(python):
    answer = inside(python, "texts.py")
    assert answer["wrong"] == []
    assert answer["inexact"] < 20  # the last digit of 1 in 200 random floats


def test_redacted_values_have_no_text(python):
    assert inside(python, "texts.py", "--redact")["wrong"] == []


def test_lines_are_those_of_co_lines(python):
    answer = inside(python, "lines.py")
    assert answer["wrong"] == []
    assert answer["checked"] > 5000
