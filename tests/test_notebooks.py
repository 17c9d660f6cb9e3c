"""The module where people experiment: a real IPython, a real Jupyter kernel."""

import os
import re
import subprocess

import sites

IPYTHON = """
import sys
from IPython.terminal.interactiveshell import TerminalInteractiveShell
shell = TerminalInteractiveShell.instance(simple_prompt=True, colors="NoColor")
for line in sys.stdin.read().splitlines():
    print("In:", line)
    shell.run_cell(line, store_history=True)
"""


def ipython(packages, python, tmp_path, *lines):
    """What a real IPython shows, one text for each line that was typed."""
    site = sites.site_for(python, "ipython")
    done = subprocess.run(python.among_ours("-c", IPYTHON), input="\n".join(lines), capture_output=True,
                          text=True, timeout=120, cwd=tmp_path,
                          env={**os.environ, "PYTHONPATH": f"{packages(python)}:{site}",
                               "IPYTHONDIR": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    return re.split(r"^In: .*\n", done.stdout, flags=re.M)[1:]


def test_in_ipython(packages, python, tmp_path):
    said = ipython(packages, python, tmp_path, "%load_ext heapgraph", "class Frame: pass", "Frame()",
                   "%heapgraph why Out[3]", "del _, _3", "1", "2", "3", "%heapgraph why Out[3]",
                   "%heapgraph handles", "x = [Frame()]", "%heapgraph why x[0]",
                   "%heapgraph nonsense", "%reset -f out",
                   "get_ipython().user_ns_hidden.pop('_3', 0);", "4", "5",
                   "import heapgraph; heapgraph.count('Frame')")
    why, later, mine = said[3], said[8], said[11]
    assert "\n  Out[3]\n" in why and "\n  _\n" in why, why
    assert "IPython's record of what was displayed" in why and "%reset -f out" in why
    assert "Out[3]" in later and "magics" not in later and "run_cell" not in later
    assert "kept alive by 1 referrer" in mine and "__main__.x[0]" in mine
    assert re.search(r"^ +\d+ +\S", said[9], re.M), "descriptors by number"
    assert "%heapgraph report | handles" in said[12]
    assert said[-1].strip().endswith(": 1"), "what the advice said forgot the other"
