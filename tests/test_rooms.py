"""Modules and folders stay small enough to be read: each has a limit."""

from pathlib import Path

import cleanwire
import streams
from streams.cli.main import COMMANDS

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGES = [Path(package.__file__).parent for package in (cleanwire, streams)]
TOOLS = REPOSITORY / "tools"
MOST_LINES = 400
MOST_MODULES = 15
STILL_LONG = {"tests/test_index.py"}
"""Modules that are over the limit until somebody splits them."""


def test_no_module_has_more_lines_than_the_limit():
    roots = [*PACKAGES, TOOLS, REPOSITORY / "bench", REPOSITORY / "tests"]
    long = {
        path.relative_to(root.parent).as_posix(): count
        for root in roots
        for path in root.rglob("*.py")
        if (count := len(path.read_text("utf-8").splitlines())) > MOST_LINES
    }
    assert set(long) == STILL_LONG, long


def counts(module):
    is_command = module.parent.name == "cli" and module.stem in COMMANDS
    return not is_command


def test_no_folder_has_more_modules_than_the_limit():
    roots = [*PACKAGES, TOOLS]
    # `streams/cli` has a file for each command, however many commands there are.
    folders = [
        folder
        for root in roots
        for folder in (root, *root.rglob("*"))
        if folder.is_dir() and folder.name != "cli"
    ]
    full = {
        str(folder): count
        for folder in folders
        # `__init__.py` says what is in the folder. Of commands there is a module each, by its name.
        if (count := sum(map(counts, folder.glob("[!_]*.py")))) > MOST_MODULES
    }
    assert not full
