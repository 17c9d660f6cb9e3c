"""Every instruction's line, from the line table, against the interpreter's own answer."""

import ast
import ctypes
import dataclasses
import dis
import json
import sys
import types
import typing


def codes(code):
    waiting = [code]
    while waiting:
        code = waiting.pop()
        yield code
        waiting += [one for one in code.co_consts if isinstance(one, types.CodeType)]


def lines_of(code):
    if hasattr(code, "co_lines"):
        return {at: line or 0 for start, end, line in code.co_lines() for at in range(start, end, 2)}
    starts, line, ret = dict(dis.findlinestarts(code)), None, {}
    for at in range(0, len(code.co_code), 2):
        line = ret[at] = starts.get(at, line)
    return ret


def main(library):
    line_of = ctypes.CDLL(library).line_of
    line_of.argtypes = [ctypes.c_uint32, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int]
    wrong, checked = [], 0
    for module in (ast, typing, dataclasses):
        with open(module.__file__, encoding="utf-8") as source:
            whole = compile(source.read(), module.__file__, "exec")
        for code in codes(whole):
            table = code.co_linetable if sys.version_info >= (3, 10) else code.co_lnotab
            for at, line in lines_of(code).items():
                got = line_of(sys.version_info[1], table, len(table), code.co_firstlineno, at)
                checked += 1
                if got != line:
                    wrong.append("%s %d: %d, not %d" % (code.co_name, at, got, line))
    print(json.dumps({"wrong": wrong[:20], "checked": checked}))


main(sys.argv[1])
