"""Packages from PyPI that a target imports, one directory each and Python version, kept in the cache."""

import os
import shutil
import subprocess
import sys
import tempfile

import interpreters
import pytest
import roots


def _install(python, requirements, site):
    installers = [one.path for one in interpreters.discover()[0]
                  if one.minor == python.minor and not one.root] + [sys.executable]
    site.parent.mkdir(parents=True, exist_ok=True)
    reason = ""
    for installer in installers:
        options = []
        if installer == sys.executable:
            options = ["--python-version", f"3.{python.minor}", "--only-binary=:all:"]
        fresh = tempfile.mkdtemp(prefix=f"{site.name}.", dir=site.parent)
        done = subprocess.run(
            [installer, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--target", fresh,
             *options, *requirements], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode == 0:
            os.chmod(fresh, 0o755)
            try:
                os.rename(fresh, site)
                return
            except OSError:  # another session was quicker
                pass
        else:
            reason = (done.stderr.strip().splitlines() or ["?"])[-1]
        shutil.rmtree(fresh)
        if site.is_dir():
            return
    pytest.skip(f"{' '.join(requirements)} cannot be installed here: {reason}")


def site_for(python, *requirements):
    """A directory that has what is required (as pip takes it) for this interpreter, as it sees it."""
    name = f"{'-'.join(requirements).replace('==', '-')}-3.{python.minor}"
    site = roots.cache_directory() / name
    if not site.is_dir():
        _install(python, requirements, site)
    if not python.root:
        return site
    inside = interpreters.IN_ROOT / name
    outside = f"{python.root}{inside}"
    if not os.path.isdir(outside):
        subprocess.run(["cp", "-r", str(site), outside], check=True)
    return inside
