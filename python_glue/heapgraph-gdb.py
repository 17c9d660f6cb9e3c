"""heapgraph in gdb: the answers of the heapgraph command on what is being debugged.

    (gdb) source heapgraph-gdb.py
    (gdb) heapgraph report
    (gdb) heapgraph why __main__.cache['a'].dll
    (gdb) heapgraph why $rdi

On a live inferior gdb writes a core of it to a temporary file, as gcore does, and heapgraph reads that;
on a core it reads the core. The inferior runs nothing and is written to nowhere. What was read is kept
until the inferior goes on, so that the next question is answered at once.

The command is the program named by $HEAPGRAPH, or `heapgraph` in the PATH.
"""

import os
import re
import subprocess
import tempfile

import gdb

QUESTIONS = ("report", "handles", "cycles", "types", "retained", "why", "refs", "backrefs")
INCOMPLETE = 6  # exit code: done, and the answer says what is missing


def run(*arguments, quiet=False):
    """heapgraph itself; what it says goes to gdb's own output. Its exit code."""
    program = os.environ.get("HEAPGRAPH", "heapgraph")
    try:
        done = subprocess.run([program, *arguments], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, errors="replace")
    except OSError as error:
        raise gdb.GdbError(f"cannot run {program}: {error.strerror}; "
                           "set HEAPGRAPH to where the heapgraph command is") from error
    if not quiet:
        gdb.write(done.stdout)
    gdb.write(done.stderr, gdb.STDERR)
    return done.returncode


def core_in_use():
    """The core file that gdb debugs; None where it debugs a process."""
    found = re.search(r"Local core dump file:\s+[`'](.*)', file type",
                      gdb.execute("info files", to_string=True))
    return found.group(1) if found else None


class Taken:
    """The snapshot of the inferior as it stands."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="heapgraph-gdb-")
        self.path = os.path.join(self.folder.name, "inferior.hgs")
        self.of = None  # (inferior, pid, core) that it was taken of
        for event in (gdb.events.cont, gdb.events.exited, gdb.events.memory_changed,
                      gdb.events.register_changed):
            event.connect(self.forget)

    def forget(self, _event):
        self.of = None

    def get(self):
        inferior, core = gdb.selected_inferior(), core_in_use()
        now = (inferior.num, inferior.pid, core)
        if now != self.of:
            self.of = None
            self.take(inferior, core)
            self.of = now
        return self.path

    def take(self, inferior, core):
        own = os.path.join(self.folder.name, "inferior.core")
        if not core and not inferior.pid:
            raise gdb.GdbError("nothing to look into: attach to a process, or load a core (core FILE)")
        try:
            if not core:
                gdb.execute(f"generate-core-file {own}", to_string=True)
            code = run("types", core or own, "-q", "-f", "-o", self.path, *places(), quiet=True)
        finally:
            if os.path.exists(own):
                os.unlink(own)
        if code not in (0, INCOMPLETE):
            raise gdb.GdbError("heapgraph could not read the inferior")


def places():
    """Where gdb has found the program and its libraries."""
    program, sysroot = gdb.current_progspace().filename, gdb.parameter("sysroot") or ""
    arguments = ["--exe", program] if program else []
    if sysroot and not sysroot.startswith("target:") and sysroot != "/":
        arguments += ["--sysroot", sysroot]
    return arguments


def object_of(text):
    """An expression of gdb ($rdi, (PyObject *)op, &x, *p) becomes the address of the object."""
    if text[:1] not in "$(&*":
        return text
    return hex(int(gdb.parse_and_eval(text)) & 0xFFFFFFFFFFFFFFFF)


class Heapgraph(gdb.Command):
    """Look into the CPython process or core that is being debugged.

heapgraph report               what pins native libraries, and a picture of it
heapgraph handles|cycles|types|retained
heapgraph why|refs|backrefs OBJECT
    OBJECT is an address, type:NAME, lib:NAME, an expression such as
    __main__.cache['a'], or one of gdb's that begins with $, (, & or *.
heapgraph snapshot FILE.hgs    keep what was read

Flags of the heapgraph command (--json, -v, -o FILE ...) stand behind."""

    def __init__(self, taken):
        super().__init__("heapgraph", gdb.COMMAND_DATA)
        self.taken = taken

    def invoke(self, argument, from_tty):
        verb, _, rest = argument.strip().partition(" ")
        rest = rest.strip()
        if verb == "snapshot" and rest:
            self.keep(rest)
        elif verb in QUESTIONS:
            # The quotes in cache['a'] belong to the object: only the flags are taken apart.
            wanted, flags = re.fullmatch(r"(.*?)\s*((?:(?<!\S)-.*)?)", rest).groups()
            words = [object_of(wanted)] if wanted else []
            run(verb, self.taken.get(), *words, *gdb.string_to_argv(flags))
        else:
            raise gdb.GdbError("heapgraph " + "|".join(QUESTIONS) + " or snapshot FILE; "
                               "help heapgraph says more")

    def keep(self, path):
        """A copy that only its owner may read, and none where there is a file already."""
        with open(self.taken.get(), "rb") as file:
            data = file.read()
        try:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(data)
        except OSError as error:
            raise gdb.GdbError(f"cannot write {path}: {error.strerror}") from error
        gdb.write(f"written: {path}\n")

    def complete(self, text, word):
        return [one for one in (*QUESTIONS, "snapshot") if one.startswith(word)]


Heapgraph(Taken())
