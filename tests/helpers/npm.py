"""Packages of npm that tests hold the project against."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SECONDS = 200


def installed(name, version):
    """The folder in which `require(name)` finds the package; installs it the first time.

    Skips the test where there is no Node.js, or where npm reaches no registry.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if not (node and npm):
        pytest.skip("Node.js and npm are not on the path")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "cleanwire-tests" / f"{name.replace('/', '+')}-{version}"
    done = folder / "done"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = subprocess.run(
            [
                npm, "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund",
                f"{name}@{version}",
            ],
            capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip
        if made.returncode:
            pytest.skip(f"npm cannot install {name}: {made.stderr.strip().splitlines()[-1:]}")
        done.touch()
    return folder


def run(folder, script, *, stdin=""):
    """What a script of CommonJS writes to its standard output."""
    done = subprocess.run(
        [shutil.which("node") or "node", "-e", script],
        cwd=folder, input=stdin, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
