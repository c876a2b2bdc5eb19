"""The systemd units: what they allow, and that the worker can live with it."""

import os
import platform
import re
import subprocess
import sys

import pytest

from helpers.deployed import DEPLOY, ROOT, as_bytes, memory_needed, unit
from helpers.seccomp import allowed, analyze, require_seccomp
from streams.cli.main import COMMANDS
from streams.settings import PREFIX, Settings

UNITS = ("cleanwire.service", "cleanwire-view.service")
MOST_EXPOSED = 3.0
units = pytest.mark.parametrize("name", UNITS)


@units
def test_a_unit_is_exposed_little(name):
    require_seccomp()
    said = subprocess.run(
        [analyze(), "security", "--offline=true", "--no-pager", str(DEPLOY / "systemd" / name)],
        capture_output=True, text=True, check=False, env=os.environ | {"LC_ALL": "C.UTF-8"},
    ).stdout  # fmt: skip
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    if not found:
        pytest.skip("this systemd-analyze judges no files")
    assert float(found[1]) < MOST_EXPOSED


@units
def test_a_unit_is_read_by_systemd_without_a_word(name, tmp_path):
    require_seccomp()
    text = (DEPLOY / "systemd" / name).read_text("utf-8")
    (tmp_path / name).write_text(text.replace("/opt/cleanwire/bin/cleanwire", sys.executable))
    done = subprocess.run(
        [analyze(), "verify", str(tmp_path / name)], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert [line for line in done.stderr.splitlines() if name in line] == []


@units
def test_a_unit_runs_commands_that_there_are_with_settings_that_there_are(name):
    lines = unit(name)
    commands = [value.split()[1] for key, value in lines if key.startswith("ExecStart")]
    assert commands[0] == "compile"
    assert set(commands) <= set(COMMANDS)
    credentials = [value.split(":")[0] for key, value in lines if key == "LoadCredential"]
    assert credentials
    for credential in credentials:
        assert credential.removeprefix(PREFIX).lower() in Settings.model_fields
    given = dict(value.split("=", 1) for key, value in lines if key == "Environment")
    assert given["CLEANWIRE_SECRETS_DIR"] == "%d"
    assert not set(credentials) & set(given)


@units
def test_what_a_unit_writes_to_is_its_users_alone(name):
    lines = dict(unit(name))
    assert lines["DynamicUser"] == "yes"
    assert lines["UMask"] == "0077"
    for kind in ("StateDirectory", "CacheDirectory"):
        assert lines[f"{kind}Mode"] == "0700"
    given = dict(value.split("=", 1) for key, value in unit(name) if key == "Environment")
    assert given["CLEANWIRE_DATA_DIR"] == f"%S/{lines['StateDirectory']}"
    assert given["NUMBA_CACHE_DIR"] == f"%C/{lines['CacheDirectory']}/compiled"


@units
def test_the_memory_of_a_unit_is_what_its_settings_need(name):
    lines = dict(unit(name))
    given = dict(value.split("=", 1) for key, value in unit(name) if key == "Environment")
    assert memory_needed([lines["ExecStart"].split()[1]], given) <= as_bytes(lines["MemoryMax"])


def test_systemd_ends_the_worker_and_leaves_its_processes_to_it():
    # Or the pages in them would be pages that crash a parser.
    assert ("KillMode", "mixed") in unit("cleanwire.service")


def test_both_units_are_locked_in_the_same_way():
    own = ("Exec", "Environment", "State", "Cache", "MemoryMax")
    one, other = ([line for line in unit(name) if not line[0].startswith(own)] for name in UNITS)
    assert one == other


def test_the_calls_that_are_allowed_are_not_those_of_administrators():
    require_seccomp()
    calls = allowed((DEPLOY / "systemd" / "cleanwire.service").read_text("utf-8"))
    assert {"read", "mmap", "futex", "epoll_wait", "prlimit64", "setpriority"} <= calls
    assert not calls & {"mount", "ptrace", "reboot", "setuid", "chown", "bpf", "init_module"}


def test_memory_that_is_never_executable_after_it_was_written_is_not_enough_for_the_loops():
    """Why MemoryDenyWriteExecute= is off: PR_SET_MDWE is what systemd sets where the kernel has it."""
    program = (
        "import ctypes, sys\n"
        "if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0): sys.exit(77)\n"
        "import cleanwire.similarity.minhash, cleanwire.native\n"
        "cleanwire.native.require()\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    if done.returncode == 77:
        pytest.skip(f"Linux {platform.release()} has no PR_SET_MDWE")
    assert done.returncode == 1
    assert "cannot allocate executable memory" in done.stderr
    assert ("MemoryDenyWriteExecute", "no") in unit("cleanwire.service")
