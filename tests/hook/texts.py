"""Texts of numbers, str and bytes against repr(); with --redact, that no value has any."""

import json
import random
import sys

import walked

SEED = 5


def replaced(text):
    """UTF-8 of the first characters, as the format has it: 96 bytes, no lone surrogate, no NUL."""
    plain = "".join("\ufffd" if 0xd800 <= ord(c) < 0xe000 or c == "\0" else c for c in text)
    return plain.encode()[:96].decode("utf-8", "ignore")


def main(library, redact):
    rng, wrong, inexact = random.Random(SEED), [], 0
    floats = [0.1, 0.1 + 0.2, 1e22, 1e16, 1e17, 123456789.123, 1.7976931348623157e308, -0.0, 3.0, 1e-5,
              0.0001, float("inf"), float("-inf"), float("nan"), 1 / 3, 1e100]
    floats += [round(rng.random() * 1000, 2) for _ in range(1000)]
    floats += [rng.random() * 10 ** rng.randint(-20, 20) for _ in range(1000)]
    ints = [0, 1, -1, 255, 2 ** 30, 2 ** 60 - 1, -2 ** 64, 2 ** 299, 10 ** 89, -10 ** 88, 2 ** 63]
    ints += [rng.randint(-2 ** 250, 2 ** 250) for _ in range(300)]
    texts = ["abc", "\xe9t\xe9", "\u20acuro", "\U0001f600 x", "lone \ud800 s", "nul \0 in", "a" * 95,
             "a" * 96, "a" * 97, "\u20ac" * 33, ""]
    raw = [b"abc", b"\x00\xff"]
    secret = "".join(["se", "cret of run time"])
    huge = 1 << 40000
    here = walked.Walked(library, walked.REDACT if redact else 0)
    here.read(here.walk())
    if redact:
        for value in [secret, huge] + floats + ints[8:] + raw:
            if here.text_of(value):
                wrong.append(repr(value)[:40])
        floats, ints, texts, raw = [], [], [], []
    for value in floats:
        text = here.text_of(value)
        if text != repr(value):
            inexact += 1
            if abs(float(text) - value) > abs(value) * 1e-15:
                wrong.append("%r %r" % (value, text))
    for value in ints + raw:
        if here.text_of(value) != repr(value):
            wrong.append("%r %r" % (value, here.text_of(value)))
    for value in texts:
        if here.text_of(value) != replaced(value):
            wrong.append("%r %r" % (value, here.text_of(value)))
    if not here.flag[here.index[id(huge)]] & 256 and not redact:
        wrong.append("a huge int is not marked as cut")
    for value, text in ((None, "None"), (int, "int"), (sys, "sys"), (len, "len"),
                        (dict.get, "dict.get"), (walked.Walked, "walked.Walked"),
                        (walked.Walked.read, "Walked.read")):
        if here.text_of(value) != text:
            wrong.append("%r %r" % (value, here.text_of(value)))
    print(json.dumps({"wrong": wrong, "inexact": inexact, "seed": SEED}))


main(sys.argv[1], "--redact" in sys.argv)
