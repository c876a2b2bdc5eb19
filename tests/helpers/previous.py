"""The version before this one, as it was released: its files, and its worker as a process.

A release puts its own tag here, so that the next version is tested against it.
"""

import filecmp
import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from helpers.harness import Worker, environment

REVISION = "84e3921fdc533169146db46c941a29cbf99fb89f"
"""The commit or tag of the version before."""

IGNORES_UNKNOWN_MEMBERS = False
"""Whether its `dedupe` reads candidates with members that it does not know. Once it does,
docs/howto/upgrade.md need not give an order of the stages any more."""

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("cleanwire", "streams", "schemas")


def extracted(folder):
    """The files of the version before, in a folder that is empty; skips if git has them not."""
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not on the path")
    done = subprocess.run(
        [git, "-C", str(ROOT), "archive", REVISION, *PARTS], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"this clone does not have {REVISION}: fetch the whole history")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    for path in folder.rglob("*.py"):
        keep_what_is_compiled(path, ROOT / path.relative_to(folder))
    return folder


def keep_what_is_compiled(path, now):
    """Spare the compiling of a file that did not change since; it takes a minute for all."""
    if now.exists() and filecmp.cmp(path, now, shallow=False):
        shutil.copystat(now, path)
        compiled = path.parent / "__pycache__"
        for one in (now.parent / "__pycache__").glob(f"{now.stem}.*.nb?"):
            compiled.mkdir(exist_ok=True)
            shutil.copy2(one, compiled)


def members(folder, event):
    """The members that an event had in the version before."""
    text = (folder / "schemas" / f"{event}.v1.json").read_text("utf-8")
    return set(json.loads(text)["properties"])


class PreviousWorker(Worker):
    """A worker of the version before. It gets the settings that are not at their defaults."""

    def __init__(self, folder, settings, *arguments):
        super().__init__(settings, *arguments)
        self.folder = folder

    def environment(self):
        wanted = environment(self.settings)
        for name, field in type(self.settings).model_fields.items():
            if getattr(self.settings, name) == field.get_default(call_default_factory=True):
                wanted.pop(f"CLEANWIRE_{name.upper()}", None)
        return wanted | {"PYTHONPATH": str(self.folder)}
