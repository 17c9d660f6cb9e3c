"""confine.py seccomp|landlock COMMAND...: runs a command that may not trace; exit 77 where that is not
to be had here."""

import ctypes
import os
import struct
import sys

libc = ctypes.CDLL(None, use_errno=True)
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 38, 22
LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF = 444, 446
SYS_PTRACE = 101
MAKE_BLOCK_DEVICES = 1 << 11  # LANDLOCK_ACCESS_FS_MAKE_BLOCK: nothing here needs it


def check(result):
    if result < 0:
        sys.stderr.write(f"{sys.argv[1]}: {os.strerror(ctypes.get_errno())}\n")
        sys.exit(77)
    return result


def prctl(option, *arguments):
    values = [ctypes.c_ulong(value) for value in (arguments + (0, 0, 0, 0))[:4]]
    check(libc.prctl(option, *values))


def refuse(numbers):
    """A seccomp filter: EPERM for these system calls (seccomp(2), struct sock_filter)."""
    load, jump_equal, ret = 0x20, 0x15, 0x06
    allow, refuse_with = 0x7FFF0000, 0x00050000 | 1
    code = struct.pack("<HBBI", load, 0, 0, 0)
    for number in numbers:
        code += struct.pack("<HBBI", jump_equal, 0, 1, number)
        code += struct.pack("<HBBI", ret, 0, 0, refuse_with)
    code += struct.pack("<HBBI", ret, 0, 0, allow)
    program = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("<HxxxxxxQ", len(code) // 8, ctypes.addressof(program))
    buffer = ctypes.create_string_buffer(header, len(header))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_SECCOMP, 2, ctypes.addressof(buffer))


def enter_landlock():
    """A Landlock domain: it may trace nothing outside of itself."""
    handled = struct.pack("<Q", MAKE_BLOCK_DEVICES)
    ruleset = check(libc.syscall(LANDLOCK_CREATE_RULESET, handled, ctypes.c_size_t(len(handled)), 0))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    check(libc.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0))


if __name__ == "__main__":
    if sys.argv[1] == "seccomp":
        refuse([SYS_PTRACE])
    else:
        enter_landlock()
    os.execv(sys.argv[2], sys.argv[2:])
