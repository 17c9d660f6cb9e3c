"""Pictures of real processes: what SVG says of itself, sizes, contrast, what fails and is kept."""

import os
import pty
import re
import shutil
import struct
import subprocess
import base64
import xml.etree.ElementTree as ElementTree

import pytest
import tool

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}"
VERBS = [["report"], ["handles"], ["cycles"], ["retained"], ["retained", "__main__.pool"],
         ["why", "type:ctypes.CDLL"], ["refs", "__main__.pool"], ["backrefs", "type:ctypes.CDLL"],
         ["refs", "__main__.pool", "--all-edges"], ["report", "--dark"], ["retained", "--dark"]]


@pytest.fixture(scope="module")
def snapshot(one_python, tmp_path_factory):
    """A snapshot of samples/pooled_connections.py, in a folder of its own."""
    import interpreters
    import processes

    path = tmp_path_factory.mktemp("pictures") / "pool.hgs"
    script = interpreters.TESTS.parent / "samples" / "pooled_connections.py"
    target = processes.Target(one_python, str(script), environment={
        "HEAPGRAPH_BUILD": one_python.build_directory(tool.BUILD)})
    try:
        done = tool.heapgraph("snapshot", target.pid, "-o", path)
        assert done.code == 0, done.err
    finally:
        target.close()
    return path


def draw(verb, snapshot, path):
    done = tool.heapgraph(verb[0], snapshot, *verb[1:], "-o", path)
    assert done.code == 0, done.err
    return path


def luminance(color):
    """WCAG 2.1's relative luminance of "#rrggbb"."""
    channels = [int(color[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def colour(value, default):
    names = {"black": "#000000", "white": "#ffffff", None: default, "none": default,
             "transparent": default}
    return names.get(value, value)


def parts(root, kind):
    """Groups of SVG that stand for a node, an edge or a cluster, with their role."""
    for group in root.iter(f"{SVG}g"):
        classes = (group.get("class") or "").split()
        if classes and classes[0] == kind:
            yield group, classes[1] if len(classes) > 1 else None


def tooltips(group):
    return [link.get(f"{XLINK}title") for link in group.iter(f"{SVG}a")
            if link.get(f"{XLINK}title")]


def extent(shape):
    """Left and right end of a polygon or path."""
    numbers = re.findall(r"-?\d+(?:\.\d+)?", shape.get("points") or shape.get("d") or "")
    xs = [float(number) for number in numbers[::2]]
    return min(xs), max(xs)


def outline(group):
    shapes = [*group.iter(f"{SVG}polygon"), *group.iter(f"{SVG}path")]
    ends = [extent(shape) for shape in shapes]
    return shapes, (min(left for left, _ in ends), max(right for _, right in ends)) if ends else None


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_svg_says_what_it_shows(verb, snapshot, tmp_path):
    root = ElementTree.parse(draw(verb, snapshot, tmp_path / "x.svg")).getroot()
    page = next(root.iter(f"{SVG}polygon"))
    scale = float(re.search(r"scale\((\S+)", next(root.iter(f"{SVG}g")).get("transform"))[1])
    width = float(root.get("viewBox").split()[2])
    assert abs((extent(page)[1] - extent(page)[0]) * scale - width) < width / 50, "all of the page is shown"
    ground = colour(page.get("fill"), "#ffffff")
    nodes = list(parts(root, "node"))
    assert nodes
    for group, role in nodes:
        assert role, "a node without a role"
        assert tooltips(group), "a node without a tooltip"
        shapes, ends = outline(group)
        fill = colour(shapes[0].get("fill") if shapes else None, ground)
        for text in group.iter(f"{SVG}text"):
            assert contrast(colour(text.get("fill"), "#000000"), fill) >= 4.5
            if ends:
                assert ends[0] <= float(text.get("x")) <= ends[1]
    edges = [(group, role) for group, role in parts(root, "edge") if role]
    for group, role in edges:
        assert tooltips(group), "an edge without a tooltip"
        texts = ["".join(text.itertext()).strip() for text in group.iter(f"{SVG}text")]
        assert any(texts) or role == "folded", "an edge without a name"
        for text in group.iter(f"{SVG}text"):
            assert contrast(colour(text.get("fill"), "#000000"), ground) >= 4.5
    anchors = [group.get("id") for group in root.iter(f"{SVG}g") if group.get("id")]
    assert len(anchors) == len(set(anchors))
    if verb[0] not in ("handles", "report", "retained"):
        assert any(re.fullmatch(r"0x[0-9a-f]+", anchor) for anchor in anchors)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_png_fits_a_screen(verb, snapshot, tmp_path):
    head = draw(verb, snapshot, tmp_path / "x.png").read_bytes()[:24]
    width, height = struct.unpack(">II", head[16:24])
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert 100 <= width <= 2400 and height <= 9000


def test_same_bytes_twice(snapshot, tmp_path):
    for verb in VERBS:
        one, two = (draw(verb, snapshot, tmp_path / f"{name}-{VERBS.index(verb)}.dot").read_bytes()
                    for name in "ab")
        assert one == two


@pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz's tools are not installed")
def test_graphviz_tools_read_it(snapshot, tmp_path):
    for number, verb in enumerate(VERBS):
        path = draw(verb, snapshot, tmp_path / f"{number}.dot")
        # -Txdot is what xdot shows; gc counts what the file itself says.
        drawn = subprocess.run(["dot", "-Txdot", path], capture_output=True, text=True)
        assert drawn.returncode == 0 and "_draw_" in drawn.stdout, drawn.stderr
        nodes = len(re.findall(r"^\t*(?:n\d+|legend_\w+)\t\[", path.read_text(), re.M))
        counted = subprocess.run(["gc", "-n", path], capture_output=True,
                                 text=True)
        assert int(counted.stdout.split()[0]) == nodes > 0


def test_pdf_has_text_and_not_shapes(snapshot, tmp_path):
    data = draw(["report"], snapshot, tmp_path / "x.pdf").read_bytes()
    assert data.startswith(b"%PDF") and b"/Font" in data


def without_fonts(folder):
    path = folder / "fonts.conf"
    path.write_text('<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">'
                    f"<fontconfig><dir>{folder}</dir></fontconfig>")
    return {**os.environ, "FONTCONFIG_FILE": str(path)}


def drawn(path):
    """The types in the labels of a DOT file, and those that are marked."""
    nodes = re.findall(r"^\t+n\d+\t\[(.*?)\];", path.read_text(), re.M | re.S)
    labels = {re.search(r'label="?([^\\",]+)', node)[1]: "peripheries=2" in node for node in nodes}
    return set(labels), {label for label, marked in labels.items() if marked}


def test_filter_and_highlight(snapshot, tmp_path):
    path = draw(["refs", "__main__.pool", "--depth", "3", "--filter",
                 "type=dict or type=Connection", "--highlight", "type=Connection"], snapshot,
                tmp_path / "x.dot")
    assert drawn(path) == ({"__main__.Pool", "dict", "__main__.Connection"}, {"__main__.Connection"})


def test_growth(one_python, tmp_path):
    import processes

    target = processes.Target(one_python, "growing.py")
    try:
        for number in range(3):
            done = tool.heapgraph("snapshot", target.pid, "-o", tmp_path / f"{number}.hgs")
            assert done.code == 0, done.err
            target.ask("sessions")
    finally:
        target.close()
    done = tool.heapgraph("diff", "0.hgs", "1.hgs", "2.hgs", "-o", "x.dot", cwd=tmp_path)
    assert done.code == 0, done.err
    text = (tmp_path / "x.dot").read_text()
    assert "__main__.Session" in drawn(tmp_path / "x.dot")[0]
    assert "What grew between 3 snapshots" in text and "__main__.service.sessions" in text


def test_bad_condition(snapshot, tmp_path):
    for flag in ("--filter", "--highlight"):
        done = tool.heapgraph("refs", snapshot, "__main__.pool", flag, "type=", "-o", "x.dot",
                              cwd=tmp_path)
        tool.assert_error(done, 2, "cannot read the condition 'type='")


def test_no_fonts(snapshot, tmp_path):
    done = tool.heapgraph("report", snapshot, "--json", "-o", "x.png", "-o", "y.svg", cwd=tmp_path,
                          env=without_fonts(tmp_path))
    assert done.code == 1
    assert "no font is installed" in done.err and "x.dot" in done.err
    assert (tmp_path / "x.dot").read_text().startswith("digraph")
    assert not (tmp_path / "x.png").exists()
    assert done.json["outputs"] == ["y.svg"], "what can be written is written, and the answer given"


def test_no_plugins(snapshot, tmp_path):
    done = tool.heapgraph("report", snapshot, "-o", "x.png", cwd=tmp_path,
                          env={**os.environ, "GVBINDIR": str(tmp_path)})
    assert done.code == 1
    assert "Graphviz has no plugin" in done.err and "x.dot" in done.err
    assert "libdbclient.so" in done.out, "the report is printed all the same"


def test_kept_dot_overwrites_nothing(snapshot, tmp_path):
    (tmp_path / "x.dot").write_text("mine")
    done = tool.heapgraph("report", snapshot, "-o", "x.png", cwd=tmp_path,
                          env=without_fonts(tmp_path))
    assert done.code == 1 and "x.dot" not in done.err
    assert (tmp_path / "x.dot").read_text() == "mine"


def in_terminal(arguments, environment, folder):
    """What the command writes to a terminal."""
    own, other = pty.openpty()
    process = subprocess.Popen(tool.command(*arguments), stdout=other, stderr=other, cwd=folder,
                               stdin=subprocess.DEVNULL, env={**os.environ, **environment})
    os.close(other)
    data = b""
    while True:
        try:
            got = os.read(own, 65536)
        except OSError:
            break
        if not got:
            break
        data += got
    os.close(own)
    return process.wait(), data


def test_shown_by_kitty(snapshot, tmp_path):
    code, data = in_terminal(["report", snapshot, "-q", "-o", "x.png", "--show"],
                             {"KITTY_WINDOW_ID": "1"}, tmp_path)
    pieces = re.findall(rb"\x1b_G([^;]*);([^\x1b]*)\x1b\\", data)
    assert code == 0
    assert pieces[0][0].startswith(b"f=100,a=T") and pieces[-1][0] == b"m=0"
    assert base64.b64decode(b"".join(text for _, text in pieces)) == \
        (tmp_path / "x.png").read_bytes()


def test_shown_by_iterm(snapshot, tmp_path):
    code, data = in_terminal(["report", snapshot, "-q", "-o", "x.png", "--show"],
                             {"TERM_PROGRAM": "iTerm.app", "KITTY_WINDOW_ID": ""}, tmp_path)
    found = re.search(rb"\x1b\]1337;File=inline=1:([^\a]*)\a", data)
    assert code == 0 and found
    assert base64.b64decode(found[1]) == (tmp_path / "x.png").read_bytes()


def test_shown_by_sixel(snapshot, tmp_path):
    converter = tmp_path / "img2sixel"
    converter.write_text('#!/bin/sh\nprintf "sixel of %s" "$1"\n')
    converter.chmod(0o755)
    environment = {"TERM": "foot", "KITTY_WINDOW_ID": "", "TERM_PROGRAM": "",
                   "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    arguments = ["report", snapshot, "-q", "-f", "-o", "x.png", "--show"]
    code, data = in_terminal(arguments, environment, tmp_path)
    assert code == 0 and b"sixel of x.png" in data
    converter.write_text("#!/bin/sh\nexit 3\n")
    code, data = in_terminal(arguments, environment, tmp_path)
    assert code == 1 and b"img2sixel failed" in data


def test_shown_in_a_window(snapshot, tmp_path):
    opener = tmp_path / "xdg-open"
    opener.write_text('#!/bin/sh\necho "$1" > opened\n')
    opener.chmod(0o755)
    done = tool.heapgraph("report", snapshot, "-q", "-o", "x.svg", "--show", cwd=tmp_path,
                          env={**os.environ, "DISPLAY": ":99",
                               "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert done.code == 0, done.err
    for _ in range(100):
        if (tmp_path / "opened").exists() and (tmp_path / "opened").read_text():
            break
        subprocess.run(["sleep", "0.05"], check=True)
    assert (tmp_path / "opened").read_text() == "x.svg\n"


def test_nothing_to_show_it_on(snapshot, tmp_path):
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = tool.heapgraph("report", snapshot, "-q", "-o", "x.svg", "--show", cwd=tmp_path,
                          env=environment)
    assert done.code == 1 and "no display" in done.err
    assert (tmp_path / "x.svg").exists()
