"""The JSON of every verb has the keys and kinds of values that docs/INTERFACE.md promises."""

import re

import pytest

ADDRESS = re.compile(r"0x[0-9a-f]+\Z")
CODES = set("""dangling-handle dangling-function aliased-handle leaked-open cycle-pins-handle
root-pins-handle still-mapped native-callback reference-surplus unowned-descriptor native-pointer
resurrected untraversable-type gc-off""".split())


def address(value):
    return isinstance(value, str) and bool(ADDRESS.match(value))


def number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def text(value):
    return isinstance(value, str)


def flag(value):
    return isinstance(value, bool)


def maybe(check):
    return lambda value: value is None or check(value)


def one_of(*words):
    return lambda value: value in words


def listed(check):
    return lambda value: isinstance(value, list) and all(check(one) for one in value)


def shape(**keys):
    """A checker of objects that have at least these keys; says which key is wrong."""
    def check(value):
        assert isinstance(value, dict), value
        for key, test in keys.items():
            assert key in value, f"{key} is missing in {sorted(value)}"
            assert test(value[key]), f"{key} is {value[key]!r}"
        return True
    return check


STEP = shape(object=address, type=text, edge=text, label=text)
HOLDER = shape(
    object=address, type=text, path=maybe(text), chain=listed(STEP), cycle=maybe(count),
    kind=one_of("handle", "function", "callback", "module", "type", "capsule", "integer"),
    state=one_of("live", "garbage", "dangling", "aliased"), held_by=one_of("root", "cycle", "native"))
PROCESS = shape(pid=count, exe=text, cmdline=text, python=text, build=listed(text), threads=count,
                gc_enabled=maybe(flag), gc_frozen=count)
CAPTURE = shape(method=one_of("fork", "pause", "core", "in-process", "held"), consistent=flag,
                stopped_ms=number, walk_ms=number, objects=count, references=count, bytes=count,
                tracked=count, bad_objects=count, incomplete=listed(text))
LIBRARY = shape(
    name=text, path=text, namespace=count, base=address, handle=address, mapped_bytes=count, opens=maybe(count),
    owners=count, leaked_opens=maybe(count), nodelete=flag, why_mapped=listed(text),
    loaded_by=one_of("dlopen", "import", "needed", "startup", "main"), holders=listed(HOLDER))
CYCLE = shape(id=count, objects=count, bytes=count, finalizer=flag, pins=listed(text),
              state=one_of("garbage", "reachable", "frozen"), ring=listed(STEP),
              cut=listed(shape(object=address, type=text, edge=text, advice=text, references=count)),
              cut_frees=maybe(address),
              held_by=maybe(text))
FINDING = shape(code=lambda value: value in CODES, severity=one_of("error", "warning", "note"),
                title=text, library=maybe(text), count=count, objects=listed(address),
                evidence=maybe(text), advice=maybe(text))
SUSPECT = shape(kind=one_of("many", "shared", "chain", "one"), object=address, path=maybe(text), bytes=count,
                retained=count, count=count, of=maybe(text), chain=listed(STEP), advice=text)
TOP = dict(schema=lambda value: value == 1, heapgraph=text, process=PROCESS, capture=CAPTURE)
REPORT = shape(**TOP, libraries=listed(LIBRARY), stale=listed(HOLDER), descriptors=maybe(listed(shape())),
               capsules=maybe(listed(shape())), cycles=listed(CYCLE),
               native_references=maybe(listed(shape())), findings=listed(FINDING),
               suspects=listed(SUSPECT), outputs=listed(text))


@pytest.mark.parametrize("name", ["opened_in_a_loop", "cycle_pins_library", "dangling_after_dlclose",
                                  "rightly_released"])
def test_attach(python, name, sample, run):
    target = sample(python, name)
    answer = run("attach", target.pid, "--json").json
    assert REPORT(answer)
    assert answer["process"]["pid"] == target.pid
    assert answer["process"]["python"] == python.version
    assert name in answer["process"]["cmdline"]
    assert answer["capture"]["stopped_ms"] < 1000


def test_other_verbs(python, sample, run):
    target = sample(python, "cycle_pins_library")
    assert run("snapshot", target.pid, "-o", "s.hgs").code == 0
    for source in ("s.hgs", target.pid):
        assert shape(**TOP, libraries=listed(LIBRARY), stale=listed(HOLDER))(
            run("handles", source, "--json").json)
        assert shape(**TOP, cycles=listed(CYCLE))(run("cycles", source, "--json").json)
        assert shape(**TOP, types=listed(shape(type=text, count=count, size=count)))(
            run("types", source, "--json").json)
        owner = "type:ctypes.CDLL#1"
        why = run("why", source, owner, "--json").json
        assert shape(**TOP, objects=listed(shape(object=address, type=text, chains=listed(
            shape(steps=listed(STEP))))))(why)
        refs = run("refs", source, owner, "--json").json
        assert shape(objects=listed(shape(references=listed(STEP))))(refs)
        back = run("backrefs", source, owner, "--json").json
        assert shape(objects=listed(shape(referrers=listed(STEP))))(back)
    target.assert_unharmed()


def test_a_list_that_was_cut_says_how_long_it_was(one_python, start, run):
    target = start(one_python, "idle.py")
    whole = run("types", target.pid, "--json", "--limit", "0").json
    cut = run("types", target.pid, "--json", "--limit", "3").json
    assert len(cut["types"]) == 3
    assert cut["types_total"] == len(whole["types"]) > 3
    assert "types_total" not in whole
