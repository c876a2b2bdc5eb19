"""What the files of deploy/ say, for the tests that hold them against the code."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from streams.settings import PREFIX, Settings
from streams.sizes import parse_size

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
OVERLAYS = ("small", "large")

MIB = 1 << 20
MAIN, RECORDS = 544 * MIB, 16
"""What a main process keeps to: these bytes, and so many of the largest records, and the state."""
PROCESS, PAGES = 224 * MIB, 32
"""What a cleaning process keeps to: these bytes, and so many of the largest pages."""


def compose():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))


def unit(name):
    """The lines of a systemd unit's [Service] section: [(name, value), ...]."""
    text = (DEPLOY / "systemd" / name).read_text("utf-8")
    section = text.partition("[Service]\n")[2].partition("\n[")[0]
    return [tuple(line.split("=", 1)) for line in section.splitlines() if re.match(r"\w+=", line)]


def build(overlay):
    """The objects of an overlay; skips the test where there is no kustomize."""
    for words in (["kustomize", "build"], ["kubectl", "kustomize"]):
        if shutil.which(words[0]):
            break
    else:
        pytest.skip("neither kustomize nor kubectl on PATH")
    done = subprocess.run(
        [*words, str(KUBERNETES / "overlays" / overlay)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def memory_needed(command, env):
    """The bytes that a container needs, by the sum of deploy/README.md.

    Args:
        command: the words of the command, such as ["worker", "--stage", "extract"].
        env: its settings, as variables.
    """

    def setting(name):
        default = getattr(Settings(), name)
        return int(parse_size(env.get(PREFIX + name.upper(), default)))

    needed = MAIN + RECORDS * setting("max_message_bytes")
    process = PROCESS + max(setting("clean_memory"), PAGES * setting("max_page_bytes"))
    if command[0] == "view":
        # It has one process for explanations, which is limited as a cleaning process is.
        return needed + process
    if "dedupe" not in command:
        needed += int(env[f"{PREFIX}CLEAN_PROCESSES"]) * process
    if "extract" not in command:
        needed += setting("dedupe_shards") * setting("dedupe_memory")
    return needed


def as_bytes(size):
    """A size as Kubernetes, compose and systemd write it, all of them with powers of 1,024."""
    number, letter = re.fullmatch(r"(\d+)([KMG])i?", size, re.IGNORECASE).groups()
    return int(number) << {"k": 10, "m": 20, "g": 30}[letter.lower()]
