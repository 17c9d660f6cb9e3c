"""Every scene's JSON is what Python's own parser takes, and has the promised keys in order."""

import json
import subprocess
import sys

KEYS = [
    "schema", "heapgraph", "process", "capture", "libraries", "stale", "descriptors", "capsules",
    "all_cycles", "cycles", "searched", "native_references", "findings", "known_findings", "suspects", "outputs",
]
SCENES = ["cycle", "chain", "leaked", "dangling", "nothing", "hostile", "wide", "deep"]


def check(show_report, scene):
    result = subprocess.run([show_report, scene, "json"], stdout=subprocess.PIPE, check=True)
    answer = json.loads(result.stdout.decode("utf-8"))
    assert list(answer) == KEYS, (scene, list(answer))
    for library in answer["libraries"]:
        assert int(library["handle"], 16) > 0
        for holder in library["holders"]:
            assert all({"object", "type", "edge", "label"} <= set(step) for step in holder["chain"])
    return answer


def main():
    answers = {scene: check(sys.argv[1], scene) for scene in SCENES}
    assert answers["hostile"]["process"]["cmdline"].startswith("python3 \x1b]0;title\x07 \"x\" \\\n")
    assert answers["leaked"]["libraries"][0]["leaked_opens"] == 10
    assert answers["cycle"]["cycles"][0]["pins"] == ["libproc.so"]


main()
