"""Debian's systemd-coredump, unpacked and not installed: it writes the file that it would write of a crash.

As systemd(1) sets it up: the kernel starts it with the core on its standard input (core(5), proc(5)); it
hands the core through the socket /run/systemd/coredump to a second one of its kind, systemd-coredump@.service,
which compresses it, names it and puts it into /var/lib/systemd/coredump. Here the socket and that folder
are in a mount namespace of their own, so that nothing on the machine changes, no journal is written and
core_pattern stays what it is.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import roots

FOLDER = Path("/var/lib/systemd/coredump")


class Unavailable(Exception):
    """Why there is none."""


def folder_of_package():
    return roots.cache_directory() / "systemd-coredump"


def binary():
    """Its path; fetched into the cache if need be."""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        raise Unavailable("a mount namespace needs root and unshare(1)")
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        raise Unavailable("no apt here to get systemd-coredump with")
    root = folder_of_package()
    if not root.exists():
        making = root.with_name(f"{root.name}-{os.getpid()}")
        making.mkdir(parents=True)
        try:
            done = subprocess.run(["apt-get", "download", "-q", "systemd-coredump", "libsystemd-shared"],
                                  cwd=making, capture_output=True, text=True, timeout=120)
            if done.returncode:
                raise Unavailable(f"apt has no systemd-coredump: {done.stderr.strip()[-200:]}")
            for package in making.glob("*.deb"):
                subprocess.run(["dpkg", "-x", str(package), str(making)], check=True)
                package.unlink()
            making.rename(root)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    found = [*root.glob("lib/systemd/systemd-coredump"), *root.glob("usr/lib/systemd/systemd-coredump")]
    if not found:
        raise Unavailable("the package has no systemd-coredump where it used to be")
    return found[0]


def file_of(pid, core, folder):
    """The file that it makes of a core of this process, in a folder."""
    path = binary()
    shared = ":".join(sorted({str(one.parent)
                              for one in folder_of_package().rglob("libsystemd-shared*.so")}))
    done = subprocess.run(["unshare", "-m", sys.executable, __file__, str(path), str(pid), str(core),
                           str(folder)], capture_output=True, text=True, timeout=120,
                          env={**os.environ, "LD_LIBRARY_PATH": shared})
    if done.returncode:
        raise Unavailable(f"systemd-coredump does not run here: {done.stderr.strip()[-300:]}")
    made, = Path(folder).glob("core.*")
    return made


def start_service(path, connection):
    """systemd-coredump@.service: the connection is descriptor 3, see sd_listen_fds(3)."""
    pid = os.fork()
    if pid:
        return pid
    os.dup2(connection.fileno(), 3, inheritable=True)
    os.execve(path, [path], {**os.environ, "LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"})


def crash(path, pid, core, folder):
    for private in "/run", "/var/lib":
        subprocess.run(["mount", "-t", "tmpfs", "none", private], check=True)
    os.mkdir("/run/systemd")
    FOLDER.mkdir(parents=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind("/run/systemd/coredump")
    listener.listen(1)
    listener.settimeout(30)
    with open(core, "rb") as file:  # |/lib/systemd/systemd-coredump %P %u %g %s %t %c %h
        kernel = subprocess.Popen([path, pid, "0", "0", "6", str(int(time.time())), str(2**64 - 1),
                                   "host"], stdin=file)
    connection, _ = listener.accept()
    service = start_service(path, connection)
    connection.close()
    _, status = os.waitpid(service, 0)
    assert kernel.wait() == 0 and status == 0
    made, = FOLDER.iterdir()
    shutil.copy(made, folder)
    for name in os.listxattr(made):
        try:
            os.setxattr(os.path.join(folder, made.name), name, os.getxattr(made, name))
        except OSError:
            pass  # tmpfs may have them where the folder's file system has not


if __name__ == "__main__":
    crash(*sys.argv[1:])
