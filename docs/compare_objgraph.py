"""Makes docs/example.png and docs/objgraph.png: one process, looked at by heapgraph and by objgraph.

The process runs samples/cycle_pins_library.py in its main thread. First `heapgraph attach` draws what
it finds; then a second thread of the process calls objgraph, told what heapgraph was not: the object to
look at. objgraph is installed into a folder of its own.

    ./dev build && python3 docs/compare_objgraph.py
"""

import os
import runpy
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "heapgraph"


def draw_with_objgraph():
    import objgraph

    sys.stdin.readline()
    owners = [one for one in objgraph.by_type("ctypes.CDLL") if "imageproc" in str(one._name)]
    objgraph.show_backrefs(owners[:1], filename="docs/objgraph.png")


def inside():
    def second_thread():
        try:
            draw_with_objgraph()
        finally:
            print("done", flush=True)

    threading.Thread(target=second_thread, daemon=True).start()
    sys.path.insert(0, "samples")
    runpy.run_path("samples/cycle_pins_library.py", run_name="__main__")


def objgraph_packages():
    folder = CACHE / "objgraph"
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--upgrade", "--target", folder,
                    "objgraph", "graphviz"], check=True)
    return folder


def main():
    process = subprocess.Popen(
        ["python3", "docs/compare_objgraph.py", "inside"], executable=sys.executable, cwd=ROOT,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "HEAPGRAPH_BUILD": "build", "PYTHONPATH": str(objgraph_packages())})
    try:
        assert process.stdout.readline().startswith("ready")
        subprocess.run(["build/heapgraph", "attach", str(process.pid), "-f",
                        "-o", "docs/example.png"], cwd=ROOT, check=True)
        process.stdin.write("now\n")
        process.stdin.flush()
        assert process.stdout.readline() == "done\n"
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    if sys.argv[1:] == ["inside"]:
        inside()
    else:
        main()
