"""Rooms stay small enough to be read: modules and folders have a size."""

from pathlib import Path

import cleanwire
import streams

ROOTS = [Path(package.__file__).parent for package in (cleanwire, streams)]
MOST_LINES = 400
MOST_MODULES = 15


def test_no_module_is_longer_than_somebody_reads():
    long = {
        str(path.relative_to(root.parent)): count
        for root in ROOTS
        for path in root.rglob("*.py")
        if (count := len(path.read_text("utf-8").splitlines())) > MOST_LINES
    }
    assert not long


def test_no_folder_has_more_modules_than_fit_one_look():
    folders = [folder for root in ROOTS for folder in (root, *root.rglob("*")) if folder.is_dir()]
    full = {
        str(folder): count
        for folder in folders
        if (count := len(list(folder.glob("*.py")))) > MOST_MODULES
    }
    assert not full
