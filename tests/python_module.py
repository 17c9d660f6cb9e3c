"""The Python module for one interpreter, from the build directory's libraries: a few small files are
compiled with that interpreter's headers. What `pip install .` makes, test_module.py tests once."""

import shutil
import subprocess
from pathlib import Path

import interpreters
import tool

ROOT = interpreters.TESTS.parent
SOURCES = ["python_glue/module/module.c", "python_glue/module/own_copy.c",
           "python_glue/module/own_threads.c", "python_glue/module/arena.c", "python_glue/module/heap_referrers.c",
           "python_glue/module/heap_types.c", "python_glue/hook_blob.c"]
WRAPPED = ROOT / "python_glue" / "module" / "arena.wrap"
LIBRARIES = ["inspect/libheapgraph-inspect.a", "python_glue/libheapgraph-glue.a",
             "graph/libheapgraph-graph.a"]
NEEDED = ["libelf", "libzstd", "liblz4", "libxxhash", "libcgraph", "libgvc", "fontconfig"]

# What programs of the tests begin with; each line that they print is a JSON value.
PRELUDE = """
import gc, json, os, sys, threading, time
sys.path.insert(0, os.environ["HEAPGRAPH_PACKAGE"])
import heapgraph

def say(value):
    print(json.dumps(value), flush=True)
"""


def headers(python):
    """The folder of Python.h, or None where the interpreter came without."""
    done = subprocess.run([python.path, "-c", "import sysconfig; print(sysconfig.get_path('include'))"],
                          capture_output=True, text=True, check=True)
    folder = Path(done.stdout.strip())
    return folder if (folder / "Python.h").exists() else None


def build(python, folder):
    """Puts the package `heapgraph` into folder; a reason where that cannot be done."""
    if python.root:
        return "no compiler in its root"
    include = headers(python)
    if not include:
        return "its headers are not installed"
    package = folder / "heapgraph"
    shutil.copytree(ROOT / "python_glue" / "heapgraph", package)
    shutil.copy(tool.BUILD / "heapgraph", package / "heapgraph")
    flags = subprocess.run(["pkg-config", "--libs", *NEEDED], capture_output=True, text=True,
                           check=True).stdout.split()
    subprocess.run(["cc", "-shared", "-fPIC", "-std=gnu17", "-O2", "-D_GNU_SOURCE", "-DHOOK_IN_PROCESS",
                    "-fvisibility=hidden", f"-I{include}", *(str(ROOT / one) for one in SOURCES),
                    *(str(tool.BUILD / one) for one in LIBRARIES), *flags, "-lresolv", "-lpthread",
                    f"-Wl,@{WRAPPED}", "-o", str(package / "_heapgraph.so")], check=True, capture_output=True)
    return None
