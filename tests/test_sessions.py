"""The module where people sit: a real pdb in a terminal of its own, and a real IPython."""

import os
import re
import signal
import subprocess
import time

import sites

WORK = """
class Frame: pass
kept = {"a": Frame()}
def work(number):
    mine = kept["a"]
    raise ValueError(number)
"""


class Terminal:
    """A program on a pty: what is typed, and what it answers up to its prompt."""

    def __init__(self, command, prompt, **options):
        self.main, other = os.openpty()
        self.prompt = prompt
        self.process = subprocess.Popen(command, stdin=other, stdout=other, stderr=other,
                                        start_new_session=True, **options)
        os.close(other)
        os.set_blocking(self.main, False)

    def answer(self, line=None):
        if line is not None:
            os.write(self.main, line.encode() + b"\n")
        text, end = "", time.monotonic() + 60
        while not text.endswith(self.prompt):
            assert time.monotonic() < end, text
            try:
                text += os.read(self.main, 65536).decode("utf-8", "replace")
            except BlockingIOError:
                time.sleep(0.01)
        return text.replace("\r", "")

    def close(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self.main)


def terminal(packages, python, script):
    return Terminal(python.among_ours("-c", script), "(Pdb) ", env={
        **os.environ, "PYTHONPATH": str(packages(python)), "TERM": "dumb", "NO_COLOR": "1",
        "PYTHON_COLORS": "0", "COLUMNS": "100"})


def test_in_pdb(packages, python):
    pdb = terminal(packages, python, WORK + "import pdb\npdb.set_trace()\nkept.clear()\n")
    try:
        pdb.answer()
        pdb.answer("import heapgraph")
        why = pdb.answer("print(heapgraph.why_alive(kept['a']))")
        assert "__main__.kept['a']" in why and "pdb." not in why and "local" not in why
        assert re.search(r"^1$", pdb.answer("p heapgraph.count('Frame')"), re.M)
        found = pdb.answer("p [one['edge'] for one in heapgraph.refcount(kept['a']).found]")
        assert "[\"['a']\"]" in found
    finally:
        pdb.close()


def test_in_post_mortem(packages, python):
    """The locals of the frames that the exception left behind are called locals of these."""
    pdb = terminal(packages, python, WORK + """
import pdb, sys
try:
    work(1)
except ValueError as error:
    trouble = error
pdb.post_mortem(trouble.__traceback__)
""")
    try:
        pdb.answer()
        pdb.answer("import heapgraph")
        pdb.answer("kept.clear()")
        why = pdb.answer("print(heapgraph.why_alive(mine))")
        assert "local mine in work of " in why, why
    finally:
        pdb.close()


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
