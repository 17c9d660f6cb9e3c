"""Programs with nothing wrong in them, everything in use: nothing is claimed that is not so.

`--table` prints what was reported on each. Programs that need large packages run on one interpreter,
with --thorough on all.
"""

import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from pathlib import Path

import processes
import pytest
import sites

# Name in targets/ordinary.py, what it imports from PyPI.
LIGHT = {"ctypes": [], "sqlite3": [], "ssl": [], "multiprocessing": [], "asyncio_tls": [],
         "tkinter": []}
HEAVY = {"fastapi": ["fastapi", "uvicorn"], "ipython": ["ipython"], "kernel": ["ipykernel"],
         "numeric": ["numpy", "scipy", "pandas"], "qt": ["PyQt6"]}
NEEDS_LIBRARIES = {"qt": "PyQt6.QtWidgets"}  # of the system: libGL and others
HAVE_CHILDREN = {"multiprocessing", "tkinter"}
NEVER = {"leaked-open", "unowned-descriptor"}
STANDARD = set(sys.stdlib_module_names)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    if not shutil.which("openssl"):
        pytest.skip("openssl, which makes a certificate, is not installed")
    directory = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "certificate.pem"],
                   cwd=directory, check=True, capture_output=True)
    return "".join((directory / name).read_text() for name in ("key.pem", "certificate.pem"))


@pytest.fixture
def work(tmp_path):
    """work(interpreter): a directory for what the program writes, as it sees it."""
    made = []

    def _work(interpreter):
        if not interpreter.root:
            return tmp_path
        inside = f"/tmp/heapgraph-{uuid.uuid4().hex}"
        made.append(Path(interpreter.root + inside))
        made[-1].mkdir()
        return inside

    yield _work
    for directory in made:
        shutil.rmtree(directory)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Load:
    """Requests to a server, from four threads, from before to after it is looked into."""

    def __init__(self, url):
        self.url, self.over, self.answered = url, threading.Event(), 0

    def _ask(self):
        while not self.over.is_set():
            try:
                with urllib.request.urlopen(self.url, timeout=30) as answer:
                    answer.read()
                self.answered += 1
            except ConnectionError:
                time.sleep(0.05)

    def __enter__(self):
        self.threads = [threading.Thread(target=self._ask) for _ in range(4)]
        for thread in self.threads:
            thread.start()
        deadline = time.monotonic() + 60
        while self.answered < 50:
            assert time.monotonic() < deadline, f"{self.url} answered {self.answered} requests"
            time.sleep(0.05)
        return self

    def __exit__(self, *exception):
        self.over.set()
        for thread in self.threads:
            thread.join()


def row(name, python, result):
    """A line of --table."""
    told = {}
    for found in result.json["findings"]:
        key = f"{found['severity']} {found['code']}"
        told.setdefault(key, []).append(found["library"] or "")
    words = "; ".join(f"{key} ({', '.join(sorted(filter(None, names)))})" if any(names) else key
                      for key, names in sorted(told.items()))
    return (name, python.name, result.json["capture"]["objects"], len(result.json["libraries"]),
            words or "nothing")


def surplus_of_cpython(result):
    """Types of which more references are reported than are known, and that CPython itself made."""
    types = {one["object"]: one["type"] for one in result.json["native_references"]}
    reported = {types[found["objects"][0]] for found in result.finding("reference-surplus")}
    return {one for one in reported if "." not in one or one.split(".")[0] in STANDARD}


def check(name, python, target, run, record_property):
    result = run("attach", target.pid, "--json", "--limit", "0")
    assert result.code == 0, result.err
    record_property("table", row(name, python, result))
    wrong = [found["title"] for found in result.json["findings"]
             if found["severity"] == "error" or found["code"] in NEVER]
    assert wrong == []
    assert surplus_of_cpython(result) == set()
    assert target.alive() and processes.status(target.pid)["TracerPid"] == "0"
    if name in HAVE_CHILDREN:  # so that it ends them
        target.may_end = True
        target.process.stdin.close()
        target.process.wait(30)
    else:
        target.assert_unharmed()


@pytest.fixture
def ordinary(start, work, certificate):
    """ordinary(interpreter, name, requirements, argument...): the running program."""
    def _ordinary(python, name, requirements=(), *arguments):
        environment = {"WORK": str(work(python)), "TLS_PEM": certificate}
        if requirements:
            environment["PYTHONPATH"] = site = str(sites.site_for(python, *requirements))
            error = python.import_error(NEEDS_LIBRARIES.get(name, "sys"), site)
            if error and ".so" in error:
                pytest.skip(f"a library is not installed here: {error}")
        return start(python, "ordinary.py", name, *arguments, environment=environment, name=name)

    return _ordinary


def test_idle(python, start, run, record_property):
    check("idle", python, start(python, "idle.py"), run, record_property)


@pytest.mark.parametrize("name", LIGHT)
def test_standard_library(python, name, ordinary, run, record_property):
    if name == "tkinter" and python.import_error("tkinter"):
        pytest.skip("built without tkinter")
    if name == "multiprocessing" and python.root and not Path(python.root, "dev/shm").is_dir():
        pytest.skip("its root has no /dev/shm, where multiprocessing's semaphores are")
    check(name, python, ordinary(python, name), run, record_property)


@pytest.mark.parametrize("name", [name for name in HEAVY if name != "fastapi"])
def test_packages(heavy_python, name, ordinary, run, record_property):
    check(name, heavy_python, ordinary(heavy_python, name, HEAVY[name]), run, record_property)


def test_fastapi_under_load(heavy_python, ordinary, run, record_property):
    port = str(free_port())
    target = ordinary(heavy_python, "fastapi", HEAVY["fastapi"], port)
    with Load(f"http://127.0.0.1:{port}/square?number=7"):
        check("fastapi", heavy_python, target, run, record_property)


def test_django_under_load(heavy_python, start, run, record_property):
    site, port = sites.site_for(heavy_python, "django"), str(free_port())
    target = start(heavy_python, "web.py", str(site), port)
    with Load(f"http://127.0.0.1:{port}/cos?x=1"):
        check("django", heavy_python, target, run, record_property)
