"""One fact in one place: where the documentation repeats what the sources say, the two agree."""

import re

import hgs
import interpreters
import pytest
import tool

ROOT = interpreters.TESTS.parent


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def enumerators(header, tag):
    """{NAME: number} of the enumerators of one enum that have a number."""
    body = re.search(rf"enum {tag} {{(.*?)^}};", read(header), re.M | re.S).group(1)
    return {name: int(number) for name, number in re.findall(r"\bHGS_(\w+) = (\d+),", body)}


def described(page):
    """{NAME: number} of the tables whose rows begin with a number and a name in capitals."""
    return {name: int(number) for number, name in
            re.findall(r"^\| (\d+) \| ([A-Z_]+) \|", read(page), re.M)}


def test_format_md_describes_every_section_and_edge():
    page = described("docs/format.md")
    sections = enumerators("graph/hgs.h", "hgs_section_id")
    edges = enumerators("graph/hgs.h", "hgs_edge")
    assert len(sections) >= 18 and len(edges) >= 14
    for name, number in [*sections.items(), *edges.items()]:
        assert page.get(name.replace("EDGE_", "")) == number, name


def test_the_second_reader_numbers_sections_as_the_first():
    header = enumerators("graph/hgs.h", "hgs_section_id")
    for ours, theirs in {"META": "META", "STRINGS": "STRINGS", "ADDR": "OBJ_ADDR", "NAME": "REF_NAME",
                         "HOLDERS": "HOLDERS", "INCOMPLETE": "INCOMPLETE"}.items():
        assert getattr(hgs, ours) == header[theirs]


def test_magic():
    magic = re.search(r"HGS_MAGIC (0x[0-9a-f]+)", read("graph/hgs.h")).group(1)
    assert int(magic, 16) == hgs.MAGIC and magic in read("docs/format.md")


@pytest.mark.parametrize("page, entry", [("docs/INTERFACE.md", r"^\| `([a-z-]+)` \|"),
                                         ("docs/heapgraph.1", r"^\.BR? (.+)$")])
def test_every_finding_code_is_documented_once(page, entry):
    codes = re.findall(r"^\s*FINDING_(\w+),", read("graph/answer.h"), re.M)
    codes = sorted(code.lower().replace("_", "-") for code in codes if code != "CODES")
    assert len(codes) > 10
    headings = " ".join(re.findall(entry, read(page).replace("\\-", "-"), re.M))
    assert sorted(word for word in re.findall(r"[a-z-]+", headings) if word in codes) == codes


def test_manual_page_names_every_verb_and_flag():
    manual = read("docs/heapgraph.1").replace("\\-", "-").replace("\\fB", "").replace("\\fR", "")
    usage = tool.heapgraph("--help").out
    verbs = re.findall(r"^  heapgraph ([a-z]+) ", usage, re.M)
    assert "attach" in verbs and "backrefs" in verbs
    options = set(re.findall(r"--[a-z][a-z-]+", usage))
    assert "--json" in options
    missing = [word for word in [*verbs, *options] if word not in manual]
    assert missing == []


def test_exit_codes_are_documented():
    codes = re.findall(r"HG_EXIT_\w+ = (\d)\b", read("graph/error.h"))
    manual = read("docs/heapgraph.1")
    section = manual[manual.index(".SH EXIT STATUS"):]
    for code in codes:
        assert re.search(rf"^\.B {code}$", section, re.M), code


def test_changelog_and_version_agree():
    version = re.search(r"version: '([\d.]+)'", read("meson.build")).group(1)
    assert version in read("CHANGELOG.md")
    assert tool.heapgraph("--version").out == f"heapgraph {version}\n"


def test_every_sample_is_described_and_tested():
    """Programs of samples/; what they import is none."""
    parts = {"library", "reloaded_plugin"}
    samples = {path.stem for path in (ROOT / "samples").glob("*.py")} - parts
    table = "\n".join(line for line in read("samples/README.md").splitlines() if line[:1] == "|")
    assert set(re.findall(r"`(\w+_\w+|resurrected)`", table)) == samples
    tests = "".join(path.read_text() for path in interpreters.TESTS.glob("test_*.py")
                    if path.name != "test_docs.py")
    assert {name for name in samples if f'"{name}"' not in tests} == set()
