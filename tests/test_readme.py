"""Every command line that README.md shows does what is said there: each is run."""

import os
import re
import shlex
import subprocess
import time

import interpreters
import pytest
import tool

ROOT = interpreters.TESTS.parent
# ./dev's own verbs would run the tests again or take minutes; that they exist is checked.
VERBS = ["build", "demo", "test", "lint", "bench", "fuzz", "install", "help"]


def shown(start_of_line):
    """The command lines in README's code blocks that begin so, comments cut off."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.S | re.M)
    lines = [line for kind, block in blocks if kind in ("", "sh", "console")
             for line in block.splitlines()]
    lines = [line[2:] if line.startswith("$ ") else line for line in lines]
    return [line.split("  #")[0].strip() for line in lines if
            line.startswith(start_of_line) or line.startswith(f"$ {start_of_line}")]


def test_dev_verbs_exist():
    lines = shown("./dev")
    assert any(line.startswith("./dev test") for line in lines)
    assert any(line.startswith("./dev demo") for line in lines)
    usage = subprocess.run([ROOT / "dev", "help"], capture_output=True, text=True, check=True).stdout
    for line in lines:
        verb = line.split()[1]
        assert verb in VERBS and re.search(rf"^  {verb}\b", usage, re.M), line


def test_ci_runs_the_command_that_readme_names():
    assert "./dev test" in shown("./dev")
    assert (ROOT / ".ci/run").read_text().splitlines()[-1] == "exec ./dev test"


def test_command_lines(sample, one_python, tmp_path):
    """Run in README's order in one folder, PID being a leaking sample's."""
    target = sample(one_python, "cycle_pins_library")
    lines = shown("heapgraph ")
    assert len(lines) >= 5
    for line in lines:
        words = [str(target.pid) if word == "PID" else word for word in shlex.split(line)]
        result = tool.heapgraph(*words[1:], cwd=tmp_path)
        assert result.code == 0, f"{line}: {result.err}"
        for output in [words[at + 1] for at, word in enumerate(words) if word == "-o"]:
            assert (tmp_path / output).exists(), line
    target.assert_unharmed()


def test_finding_a_leak(sample, one_python, tmp_path):
    """The section of that name: its commands on its sample, and what it shows of the answer."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text[text.index("## Finding a leak in ten minutes"):]
    section = section[:section.index("\n## ")]
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", section, re.S | re.M)
    commands = [line for kind, block in blocks if kind == "sh" for line in block.splitlines()]
    shown_answer = next(block for kind, block in blocks if kind == "text")
    target = sample(one_python, "growing_cache")
    answers = []
    for line in commands:
        words = [str(target.pid) if word == "PID" else word for word in shlex.split(line)]
        time.sleep(1 if words[1] == "snapshot" else 0)
        result = tool.heapgraph(*words[1:], cwd=tmp_path)
        assert result.code == 0, f"{line}: {result.err}"
        answers += [result.out] if words[1] == "diff" else []
    target.assert_unharmed()

    def leak(answer):
        """Its row without figures."""
        row = answer[re.search(r"^\+[\d,]+ +__main__.Renderer", answer, re.M).start():]
        return " ".join(re.sub(r"[\d,.]+ (kB|MB)|[\d,]+", "N", row[:row.index("\n\n")]).split())

    assert leak(answers[0]) == leak(shown_answer)
    assert "signature" in leak(shown_answer) and "fix: " in leak(shown_answer)
    assert re.search(r"[\d,]+ → [\d,]+ +libthumbnail.so$", answers[0], re.M)
    assert "Nothing grows but what the baseline knows." in answers[-1]


def findings(report):
    """From the first finding to the table of libraries, of which the rest depends on the machine."""
    return report[report.index("ERROR"):report.index("Other libraries")]


def test_the_report_shown_is_the_one_that_is_printed(sample, one_python, run):
    target = sample(one_python, "cycle_pins_library")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown_report = re.search(r"^```text\n(.*?)^```$", text, re.S | re.M).group(1)
    environment = {**os.environ, "COLUMNS": "80", "LC_ALL": "C.UTF-8"}
    printed = run("attach", target.pid, "-o", "picture.png", env=environment).out
    assert findings(printed) == findings(shown_report)


def test_demo():
    """The first thing that anybody runs."""
    environment = {**os.environ, "HEAPGRAPH_BUILD": str(tool.BUILD)}
    done = subprocess.run([ROOT / "dev", "demo"], capture_output=True, text=True, timeout=300,
                          stdin=subprocess.DEVNULL, env=environment)
    assert done.returncode == 0, done.stderr
    assert "libimageproc.so" in done.stdout and "on_image" in done.stdout
    picture = re.search(r"picture: (\S+\.png)", done.stdout)
    assert picture, done.stdout
    path = ROOT / picture.group(1)
    assert path.read_bytes().startswith(b"\x89PNG")
    path.unlink()


@pytest.mark.parametrize("page", ["README.md", "docs/heapgraph.1"])
def test_no_flag_is_named_that_the_command_does_not_have(page):
    text = (ROOT / page).read_text(encoding="utf-8").replace("\\-", "-")
    known = tool.heapgraph("--help").out
    for verb in ("attach", "snapshot", "report", "why"):
        known += tool.heapgraph(verb, "--help").out
    for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)):
        if option in ("--thorough", "--sanitize"):
            continue  # of ./dev
        assert re.search(rf"{option}\b", known), option
