"""The locks hold what pyproject.toml asks for, with hashes, and nothing of where they were made."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LOCKS = {name: ROOT / "requirements" / f"{name}.txt" for name in ("build", "runtime", "dev")}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS = ("linux", "darwin")


def entries(name):
    """The requirements of a lock, each with its hashes."""
    text = LOCKS[name].read_text("utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        requirement, *hashes = line.split("--hash=")
        yield Requirement(requirement), [one.strip() for one in hashes]


def pinned(name, python, system):
    """What is installed from a lock: the version of each package."""
    there = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": system,
        "platform_system": system.capitalize(),
        "extra": "",
    }
    found = {}
    for entry, _ in entries(name):
        if entry.marker is None or entry.marker.evaluate(there):
            (exactly,) = entry.specifier
            assert exactly.operator == "=="
            assert (
                found.setdefault(canonicalize_name(entry.name), exactly.version) == exactly.version
            )
    return found


def asked_for(name):
    extras = PROJECT["project"]["optional-dependencies"]
    texts = {
        "build": PROJECT["build-system"]["requires"],
        "runtime": PROJECT["project"]["dependencies"],
    }
    texts["dev"] = [*texts["build"], *texts["runtime"], *extras["dev"], *extras["broker"]]
    return [one for one in map(Requirement, texts[name]) if one.name != "cleanwire"]


@pytest.mark.parametrize("name", LOCKS)
def test_every_dependency_is_locked_at_a_version_that_it_allows(name):
    wanted = asked_for(name)
    assert wanted
    for python in PYTHONS:
        for system in SYSTEMS:
            found = pinned(name, python, system)
            for one in wanted:
                version = found.get(canonicalize_name(one.name))
                assert version, f"{one} is not in {name}; run scripts/lock"
                assert one.specifier.contains(version), (
                    f"{one} is locked at {version}; run scripts/lock"
                )


def test_what_is_tested_is_what_is_deployed():
    for python in PYTHONS:
        for system in SYSTEMS:
            dev = pinned("dev", python, system).items()
            assert dev >= pinned("runtime", python, system).items()
            assert dev >= pinned("build", python, system).items()


@pytest.mark.parametrize("name", LOCKS)
def test_everything_has_hashes_and_no_address(name):
    for entry, hashes in entries(name):
        assert hashes, entry.name
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes)
        assert entry.url is None
    text = LOCKS[name].read_text("utf-8")
    assert "://" not in text
    assert set(re.findall(r"--[a-z-]+", text)) == {"--hash"}


def package(name, **more):
    return {"name": name, "version": "1.0", "vulns": [], **more}


HOLE = {"id": "PYSEC-2026-1", "fix_versions": ["1.1"]}
UNKNOWN = {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([package("a"), package("b")], 0, "pypi has none for 2 packages"),
        ([package("a"), package("b", vulns=[HOLE])], 1, "b 1.0: PYSEC-2026-1, fixed in 1.1"),
        ([package("a"), UNKNOWN], 0, "it does not know 1 of 2 packages"),
        ([UNKNOWN], 0, "nothing was looked up"),
        (None, 0, "pypi was skipped: ConnectionError: no such host"),
    ],
)
def test_a_known_vulnerability_alone_fails_the_check(tmp_path, packages, code, said):
    service = tmp_path / "service.py"
    answer = json.dumps({"dependencies": packages}) if packages else ""
    service.write_text(
        f"import sys; print({answer!r}); print('ConnectionError: no such host', file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "advisories.py"],
        env=os.environ | {"PIP_AUDIT": f"{sys.executable} {service}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (code, "")
    assert said in done.stdout


def test_a_commit_is_checked_by_the_ruff_that_is_locked():
    text = (ROOT / ".pre-commit-config.yaml").read_text("utf-8")
    assert re.search(r"rev: v(\S+)", text)[1] == pinned("dev", "3.11", "linux")["ruff"]
