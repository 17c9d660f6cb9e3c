"""heapgraph in gdb: the answers of the heapgraph command on what is being debugged.

    (gdb) source heapgraph-gdb.py
    (gdb) heapgraph report
    (gdb) heapgraph why __main__.cache['a'].dll
    (gdb) heapgraph why $rdi

A live inferior is read where it stands: heapgraph gets a descriptor of its memory, which only its tracer may
open, and the registers of its threads. The inferior runs nothing, and nothing is written to it. A core is
read as a file. What was read is kept in memory until the inferior goes on or is changed, so that the next
question is answered at once.

The command that answers is $HEAPGRAPH, else the one installed with this file, else `heapgraph` in the PATH.
"""

# gdb runs this file in the namespace of its `python` commands, which is everybody's: there are no other names
# of its own here than these classes.
import json
import os
import re
import shutil
import subprocess
import tempfile

import gdb


class HeapgraphTool:
    """The heapgraph command."""

    # Installed, by pip too; and not at all.
    BESIDE = ("../../bin/heapgraph", "../build/heapgraph")
    DONE = (0, 6, 7)  # exit codes; 6: the answer says what is missing, 7: --fail-on

    def __init__(self):
        self.folder = os.path.dirname(os.path.realpath(__file__))

    def program(self):
        if os.environ.get("HEAPGRAPH"):
            return os.environ["HEAPGRAPH"]
        for path in (os.path.join(self.folder, one) for one in self.BESIDE):
            if os.path.isfile(path) and os.access(path, os.X_OK):
                return os.path.normpath(path)
        return shutil.which("heapgraph") or "heapgraph"

    def run(self, arguments, descriptors=(), standard_input="", quiet=False):
        """Runs it; what it says goes to gdb's own output, what it complains of is an error of gdb's."""
        program, environment = self.program(), dict(os.environ)
        width = gdb.parameter("width")
        if width:
            environment["COLUMNS"] = str(width)
        try:
            child = subprocess.Popen([program, *arguments], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
                                     universal_newlines=True, errors="replace",
                                     pass_fds=tuple(descriptors))
        except OSError as error:
            raise gdb.GdbError(f"cannot run {program}: {error.strerror}\n"
                               "hint: set the environment variable HEAPGRAPH to the heapgraph "
                               "command") from error
        with child:
            try:
                out, err = child.communicate(standard_input)
            except BaseException:  # Ctrl-C: it puts its own files away, unless that takes long
                child.terminate()
                try:
                    child.wait(2)
                except subprocess.TimeoutExpired:
                    child.kill()
                raise
        if not quiet:
            gdb.write(out)
        if child.returncode not in self.DONE:
            raise gdb.GdbError(err.rstrip() or f"{program} ended with status {child.returncode}")
        gdb.write(err, gdb.STDERR)
        return out


class HeapgraphInferior:
    """What is being debugged, as it stands, and the snapshot that was taken of it."""

    # The order that `heapgraph --held` wants.
    REGISTERS = ("rsp rip fs_base rax rbx rcx rdx rsi rdi rbp r8 r9 r10 r11 r12 r13 r14 r15").split()
    CHANGES = ("cont", "exited", "memory_changed", "register_changed", "inferior_call",
               "clear_objfiles")

    def __init__(self, tool):
        self.tool = tool
        self.descriptor = None  # of the snapshot, a file that has no name any more
        self.of = None  # (inferior, process, core) that it was taken of
        for event in self.events():
            event.connect(self.forget)

    def events(self):
        return [getattr(gdb.events, name) for name in self.CHANGES if hasattr(gdb.events, name)]

    def close(self):
        self.forget()
        for event in self.events():
            event.disconnect(self.forget)

    def forget(self, _event=None):
        if self.descriptor is not None:
            os.close(self.descriptor)
        self.descriptor = self.of = None

    def snapshot(self):
        """A descriptor of the snapshot, taken where there is none of this moment."""
        inferior, core = gdb.selected_inferior(), self.core()
        now = (inferior.num, inferior.pid, core)
        if now != self.of:
            self.forget()
            self.descriptor = self.take(inferior, core)
            self.of = now
        return self.descriptor

    @staticmethod
    def folder():
        try:
            return tempfile.TemporaryDirectory(prefix="heapgraph-gdb-")
        except OSError as error:
            raise gdb.GdbError(f"there is no folder for what is read: {error.strerror}\n"
                               "hint: start gdb with TMPDIR set to one that may be written") from error

    def take(self, inferior, core):
        with self.folder() as folder:
            path = os.path.join(folder, "inferior.hgs")
            if core:
                self.tool.run(["types", core, "-q", "-o", path, *self.places()], quiet=True)
            else:
                self.take_live(inferior, path)
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def take_live(self, inferior, path):
        self.check(inferior)
        try:
            memory = os.open(f"/proc/{inferior.pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise gdb.GdbError(f"cannot read the memory of process {inferior.pid}: {error.strerror}\n"
                               "hint: heapgraph reads processes that run on this machine, as this "
                               "user") from error
        try:
            self.tool.run(["snapshot", str(inferior.pid), "--held", str(memory), "-q", "-o", path],
                          [memory], self.registers(inferior), quiet=True)
        finally:
            os.close(memory)

    @staticmethod
    def check(inferior):
        """Raises an error where this is no process of this machine."""
        if not inferior.pid:
            raise gdb.GdbError("there is nothing to look into\n"
                               "hint: start the program, attach PID, or core-file FILE")
        files = gdb.execute("info files", to_string=True)
        if re.search(r"^(Extended )?[Rr]emote .*target", files, re.M):
            raise gdb.GdbError(f"process {inferior.pid} is on another machine (target remote)\n"
                               f"hint: there, without a debugger: heapgraph attach {inferior.pid}")

    def registers(self, inferior):
        """A line for each thread, the main one first. What is selected stays selected."""
        thread, lines = gdb.selected_thread(), []
        try:
            frame = gdb.selected_frame()
        except gdb.error:
            frame = None
        if not frame or any(one.is_running() for one in inferior.threads()):
            raise gdb.GdbError(f"process {inferior.pid} is running\n"
                               "hint: stop all its threads first: interrupt -a")
        try:
            for one in sorted(inferior.threads(), key=lambda one: one.ptid[1] != inferior.pid):
                one.switch()
                top = gdb.newest_frame()
                values = [int(top.read_register(name)) & 0xFFFFFFFFFFFFFFFF for name in self.REGISTERS]
                lines.append(" ".join([str(one.ptid[1]), *(f"{value:x}" for value in values)]))
        finally:
            thread.switch()
            frame.select()
        return "\n".join(lines) + "\n"

    @staticmethod
    def core():
        """The core file that gdb debugs; None where it debugs a process."""
        found = re.search(r"Local core dump file:\s+[`'](.*)', file type",
                          gdb.execute("info files", to_string=True))
        return found.group(1) if found else None

    @staticmethod
    def places():
        """Where gdb has found the core's program and its libraries."""
        program, sysroot = gdb.current_progspace().filename, gdb.parameter("sysroot") or ""
        arguments = ["--exe", program] if program else []
        if sysroot and not sysroot.startswith("target:") and sysroot != "/":
            arguments += ["--sysroot", sysroot]
        return arguments


class Heapgraph(gdb.Command):
    """Look into the CPython process or core that is being debugged.

heapgraph report                what pins native libraries, and a picture of it
heapgraph handles|cycles|types|retained
heapgraph why|refs|backrefs OBJECT
    OBJECT is an address, type:NAME, lib:NAME, an expression of Python such as
    __main__.cache['a'], or one of gdb: it begins with $, (, & or *, or with a
    variable of the selected frame.
heapgraph snapshot FILE.hgs     keep what was read
heapgraph diff OLD.hgs          what has grown since that snapshot of the process

Flags of the heapgraph command (--json, -v, -o FILE ...) stand behind.
In expressions, $heapgraph("OBJECT") is the address of an object."""

    WHOLE = ("report", "handles", "cycles", "types", "retained")
    OBJECTS = ("why", "refs", "backrefs")
    VERBS = (*WHOLE, *OBJECTS, "snapshot", "diff")

    def __init__(self):
        super().__init__("heapgraph", gdb.COMMAND_DATA)
        self.tool = HeapgraphTool()
        self.inferior = HeapgraphInferior(self.tool)

    def invoke(self, argument, from_tty):
        self.dont_repeat()
        verb, _, rest = argument.strip().partition(" ")
        # The quotes in cache['a'] belong to the object: only the flags are taken apart.
        word, flags = re.fullmatch(r"(.*?)\s*((?:(?<!\S)-.*)?)", rest.strip()).groups()
        flags = gdb.string_to_argv(flags)
        if verb not in self.VERBS:
            raise gdb.GdbError(("heapgraph does not know '%s'\n" % verb if verb else "heapgraph what?\n") +
                               "hint: heapgraph " + "|".join(self.VERBS) + "; help heapgraph says more")
        if verb == "snapshot":
            self.keep(word)
        elif verb == "diff":
            self.ask([verb, *self.needed(verb, word, "the snapshot to compare with: OLD.hgs")], flags)
        elif verb in self.OBJECTS and "--where" not in flags:
            self.ask([verb], [*self.needed(verb, word, "an OBJECT"), *flags], self.address)
        else:
            self.ask([verb], [*([word] if word else []), *flags], self.address)

    @staticmethod
    def needed(verb, word, what):
        if not word:
            raise gdb.GdbError(f"heapgraph {verb} wants {what}\nhint: help heapgraph says more")
        return [word]

    def ask(self, before, behind, translate=lambda word: word, quiet=False):
        behind = [translate(behind[0]), *behind[1:]] if behind else behind
        snapshot = self.inferior.snapshot()
        with self.inferior.folder() as folder:
            source = os.path.join(folder, "now")  # as diff calls it
            os.symlink(f"/proc/self/fd/{snapshot}", source)
            return self.tool.run([*before, source, *self.color(behind), *behind], [snapshot], quiet=quiet)

    @staticmethod
    def color(flags):
        """Escape sequences where gdb itself writes some, but not into its log."""
        try:
            plain = gdb.parameter("logging enabled")
        except RuntimeError:  # before gdb 12 it is not told
            plain = True
        if plain or not os.isatty(1) or not gdb.parameter("style enabled") or "--color" in flags:
            return []
        return ["--color", "always"]

    @staticmethod
    def address(text):
        """An expression of gdb ($rdi, (PyObject *)op, self->dll) becomes the address of the object."""
        name = re.match(r"[A-Za-z_]\w*", text)
        if name and not re.match(r"[A-Za-z_]\w*:", text):
            try:
                gdb.selected_frame().read_var(name.group())
            except (gdb.error, ValueError, RuntimeError):
                return text  # none of this frame: Python's
        elif text[:1] not in "$(&*":
            return text
        try:
            value = gdb.parse_and_eval(text)
        except gdb.error as error:
            raise gdb.GdbError(f"cannot evaluate {text}: {error}") from error
        if value.type.strip_typedefs().code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
            value = value.address
        try:
            return hex(int(value) & 0xFFFFFFFFFFFFFFFF)
        except (gdb.error, TypeError) as error:
            raise gdb.GdbError(f"{text} is no address: {value}") from error

    def keep(self, path):
        """A copy that only its owner may read, and none where there is a file already."""
        path = os.path.expanduser(*self.needed("snapshot", path, "a file: FILE.hgs"))
        if not path.endswith(".hgs"):
            raise gdb.GdbError(f"{path}: the name of a snapshot ends in .hgs\n"
                               f"hint: heapgraph snapshot {path}.hgs")
        snapshot = self.inferior.snapshot()
        try:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                with open(snapshot, "rb", closefd=False) as file:
                    file.seek(0)
                    shutil.copyfileobj(file, out)
        except OSError as error:
            raise gdb.GdbError(f"cannot write {path}: {error.strerror}\n"
                               "hint: name another file, in a folder that may be written") from error
        gdb.write(f"written: {path}\n")

    def complete(self, text, word):
        verb, space, rest = text.lstrip().partition(" ")
        if not space:
            return [one for one in self.VERBS if one.startswith(verb)]
        if verb in ("snapshot", "diff"):
            return gdb.COMPLETE_FILENAME
        typed = rest.lstrip()
        if verb not in (*self.OBJECTS, "retained") or " " in typed:
            return gdb.COMPLETE_NONE
        if word is None:  # gdb asks first by whose rules words end; from 16 on it shows what we raise
            return []
        # gdb goes on behind the last character that ends a word for it.
        cut = len(typed) - len(word)
        libraries = {os.path.basename(one.filename) for one in gdb.objfiles() if one.filename}
        names = [*("type:" + one for one in self.types()), *("lib:" + one for one in libraries)]
        return [one[cut:] for one in names if one.startswith(typed)]

    def types(self):
        """Those that the snapshot has, where there is one; it is not taken for this."""
        if self.inferior.descriptor is None:
            return ("ctypes.CDLL", "dict", "list", "module", "tuple")
        table = self.ask(["types"], ["--tsv"], quiet=True)
        return [line.split("\t")[-1] for line in table.splitlines()[1:]]


class HeapgraphFunction(gdb.Function):
    """The address of the object that heapgraph knows by this name.

    print *(PyObject *)$heapgraph("__main__.pool[3]")
    watch -l ((PyObject *)$heapgraph("__main__.pool[3]"))->ob_refcnt"""

    def __init__(self, command):
        super().__init__("heapgraph")
        self.command = command

    def invoke(self, text):
        try:
            name = text.string()
        except gdb.error as error:
            raise gdb.GdbError("$heapgraph wants an OBJECT in quotes") from error
        answer = json.loads(self.command.ask(["refs"], [name, "--json"], quiet=True))
        count = answer.get("objects_total", len(answer["objects"]))  # total: where the list was cut
        if count != 1:
            raise gdb.GdbError(f"$heapgraph: {count} objects are {name}\n"
                               f"hint: name one of them, as {name}#1")
        return gdb.Value(int(answer["objects"][0]["object"], 16)).cast(gdb.lookup_type("void").pointer())


if "HEAPGRAPH" in globals():  # sourced again
    HEAPGRAPH.inferior.close()  # noqa: F821
HEAPGRAPH = Heapgraph()
HeapgraphFunction(HEAPGRAPH)
