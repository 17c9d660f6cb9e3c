"""A release of objgraph from PyPI, its source and its tests, kept in the cache and never copied here."""

import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import pytest
import roots

VERSION = "3.7.0"


def source():
    """The folder of the unpacked sdist: objgraph.py, tests.py, docs/."""
    folder = roots.cache_directory() / f"objgraph-{VERSION}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = tempfile.mkdtemp(prefix="objgraph.", dir=folder.parent)
    try:
        done = subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps",
                               "--no-binary", ":all:", "-d", fresh, f"objgraph=={VERSION}"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"objgraph {VERSION} cannot be had here: "
                        f"{(done.stderr.strip().splitlines() or ['?'])[-1]}")
        with tarfile.open(next(Path(fresh).glob("*.tar.gz"))) as archive:
            archive.extractall(fresh)
        unpacked = Path(fresh, folder.name)
        unpacked.chmod(0o755)
        if not folder.is_dir():  # another session was quicker
            unpacked.rename(folder)
    finally:
        shutil.rmtree(fresh)
    return folder
