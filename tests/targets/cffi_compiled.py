"""cffi_compiled.py SITE: a module that cffi compiles, which C calls back into by extern "Python"."""

import sys

sys.path.insert(0, sys.argv[1])

import contextlib  # noqa: E402
import os  # noqa: E402
import shutil  # noqa: E402
import subprocess  # noqa: E402
import sysconfig  # noqa: E402
import tempfile  # noqa: E402

import cffi  # noqa: E402

import common  # noqa: E402


def build():
    builder = cffi.FFI()
    builder.cdef('extern "Python" int on_event(int); int fire(int);')
    builder.set_source("_compiled", "static int on_event(int); static int fire(int x) "
                                    "{ return on_event(x); }")
    directory = tempfile.mkdtemp()
    source, target = (os.path.join(directory, "_compiled" + end) for end in (".c", ".so"))
    with contextlib.redirect_stdout(sys.stderr):
        builder.emit_c_code(source)
    subprocess.run(["cc", "-shared", "-fPIC", "-I", sysconfig.get_path("include"), source, "-o", target],
                   check=True)
    sys.path.insert(0, directory)
    import _compiled
    shutil.rmtree(directory)
    return _compiled


compiled = build()


@compiled.ffi.def_extern()
def on_event(number):
    return number + 1


assert compiled.lib.fire(1) == 2
address = compiled.ffi.addressof(compiled.lib, "fire")
common.serve()
