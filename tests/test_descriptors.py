"""Which object owns each open descriptor, and which ones nothing owns."""

import os
import socket
import subprocess


def unowned(answer):
    return [found for found in answer["findings"] if found["code"] == "unowned-descriptor"]


def report(run, target):
    result = run("attach", target.pid, "--json", "--limit", "0")
    assert result.code == 0, result.err
    target.assert_unharmed()
    return result.json


def test_owners(python, start, run, tmp_path):
    directory = "/tmp" if python.root else str(tmp_path)
    target = start(python, "descriptors.py", directory)
    answer = report(run, target)
    listed = run("handles", target.pid).out
    numbers = target.ask("numbers")  # last: the target keeps its answer
    rows = {row["fd"]: row for row in answer["descriptors"]}
    nobody, plain = numbers["nobody"], numbers["plain"]
    types = {"log": "_io.FileIO", "listener": "socket.socket", "epoll": "select.epoll",
             "mapped": "mmap.mmap", "entries": "posix.ScandirIterator",
             "database": "sqlite3.Connection", "left": "multiprocessing.connection.Connection",
             "right": "multiprocessing.connection.Connection"}
    for name, type_name in types.items():
        # `<_io.FileIO> in __main__.log`, where TextIOWrapper has no member for its buffer (3.15)
        owned = [row for row in rows.values() if f"__main__.{name}" in (row["path"] or "")]
        assert owned and all(row["type"] == type_name for row in owned), name
    assert rows[plain]["owner"] is None
    assert all(rows[number]["owner"] is None for number in nobody)
    found = unowned(answer)
    assert [one["count"] for one in found] == [3]
    assert all(str(number) in found[0]["evidence"] for number in nobody)
    assert "__main__.listener" in listed and "no Python object" in listed


def test_sockets_that_only_a_library_knows(python, sample, run):
    answer = report(run, sample(python, "pooled_connections"))
    found = unowned(answer)
    assert [(one["count"], one["library"]) for one in found] == [(5, "libdbclient.so")]
    assert "socket()" in found[0]["advice"]


def test_inherited_descriptors_are_no_finding(one_python, start, run):
    """From the parent, that still has it or not, and close-on-exec or not."""
    kept = socket.socket()
    os.set_inheritable(kept.fileno(), True)
    shell = ("exec 9</etc/passwd 8>/dev/null; "
             "exec \"$0\" -c 'import time; print(1, flush=True); time.sleep(300)'")
    target = subprocess.Popen(["sh", "-c", shell, one_python.path], stdout=subprocess.PIPE,
                              close_fds=False)
    try:
        target.stdout.readline()
        answer = run("attach", target.pid, "--json").json
        rows = {row["fd"]: row for row in answer["descriptors"]}
        assert rows[kept.fileno()]["inherited"] and not rows[9]["target"].startswith("socket")
        assert unowned(answer) == []
    finally:
        target.kill()
        target.wait()
        target.stdout.close()
        kept.close()


def test_an_idle_interpreter_owns_all_it_has(python, start, run):
    assert unowned(report(run, start(python, "idle.py"))) == []
