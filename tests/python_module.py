"""The Python module for one interpreter, from the build directory's libraries: a few small files are
compiled with that interpreter's headers. What `pip install .` makes, test_package.py tests.

For an interpreter in a root of another Debian suite it is compiled here as well, with that suite's
Python.h. The libraries of the extension lie beside it; the heapgraph command is called on this machine.
"""

import re
import shutil
import subprocess
from pathlib import Path

import interpreters
import tool

ROOT = interpreters.TESTS.parent
PACKAGE = ROOT / "python_glue" / "heapgraph"
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


def sources():
    """The C files of the extension, as its meson.build lists them."""
    return [str((PACKAGE / name).resolve())
            for name in re.findall(r"'(\.\./[\w/]+\.c)'", (PACKAGE / "meson.build").read_text())
            if not name.endswith("main.c")]


def headers(python):
    """Options for the folder of Python.h; None where the interpreter came without."""
    chroot = ["chroot", python.root] if python.root else []
    done = subprocess.run([*chroot, python.path, "-c",
                           "import sysconfig; print(sysconfig.get_path('include'))"],
                          capture_output=True, text=True, check=True)
    folder = Path((python.root or "") + done.stdout.strip())
    if not (folder / "Python.h").exists():
        return None
    # Debian's pyconfig.h includes another below /usr/include; libc's headers stay those of here.
    return [f"-I{folder}", *(["-idirafter", f"{python.root}/usr/include"] if python.root else [])]


def _obstacle(python):
    """Why the module cannot be had for a root's interpreter here; None: it can."""
    done = subprocess.run(["getconf", "GNU_LIBC_VERSION"], capture_output=True, text=True, check=True)
    here = tuple(map(int, done.stdout.split()[1].split(".")))
    if not python.has_glibc(*here):
        return "its glibc is older than the one that the module is linked with here"
    done = subprocess.run(python.among_ours("-c", ""), capture_output=True, text=True)
    return done.stderr.strip().splitlines()[-1] if done.returncode else None


def _compile(include, package):
    flags = subprocess.run(["pkg-config", "--libs", *NEEDED], capture_output=True, text=True,
                           check=True).stdout.split()
    extension = package / "_heapgraph.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-std=gnu17", "-O2", "-D_GNU_SOURCE", "-DHOOK_IN_PROCESS",
                    "-fvisibility=hidden", *include, *sources(),
                    *(str(tool.BUILD / one) for one in LIBRARIES), "-Wl,--as-needed", *flags,
                    "-lresolv", "-lpthread", "-Wl,-rpath,$ORIGIN/lib", "-Wl,--disable-new-dtags",
                    f"-Wl,@{WRAPPED}", "-o", str(extension)], check=True, capture_output=True)
    return extension


def _bring_libraries(extension):
    """Copies what the extension needs and its root may lack: all but glibc."""
    listed = subprocess.run(["ldd", str(extension)], capture_output=True, text=True, check=True).stdout
    (extension.parent / "lib").mkdir()
    for name, path in re.findall(r"(\S+) => (/\S+)", listed):
        if not re.match(r"lib(c|m|pthread|dl|rt|resolv)\.so", name):
            shutil.copy(path, extension.parent / "lib" / name)


def build(python, folder):
    """Puts the package `heapgraph` into folder; a reason where that cannot be done."""
    include = headers(python)
    if not include:
        return "its headers are not installed"
    obstacle = python.root and _obstacle(python)
    if obstacle:
        return obstacle
    package = folder / "heapgraph"
    shutil.copytree(PACKAGE, package)
    extension = _compile(include, package)
    command = tool.BUILD / "heapgraph"
    if python.root:
        _bring_libraries(extension)
        interpreters.call_host(python, command, package / "heapgraph")
    else:
        shutil.copy(command, package / "heapgraph")
    return None
