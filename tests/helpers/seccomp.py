"""The system calls that a systemd unit allows, as a filter that bubblewrap installs."""

import ctypes
import ctypes.util
import re
import shutil
import subprocess
import tempfile

import pytest

ALLOW, REFUSE = 0x7FFF0000, 0x00050001
"""SCMP_ACT_ALLOW, and SCMP_ACT_ERRNO(EPERM)."""

CHANGES_USER = ("setresuid", "setresgid", "setgroups", "capset")
"""What setpriv calls inside of the container before the command; the kernel refuses it afterwards."""


def analyze():
    """The path of systemd-analyze; skips the test where there is none."""
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("no systemd-analyze on PATH (Debian: systemd)")
    return found


def members(name):
    """The system calls of one of systemd's sets, or the call itself."""
    if not name.startswith("@"):
        return {name}
    said = subprocess.run(
        [analyze(), "syscall-filter", name], capture_output=True, text=True, check=True
    ).stdout
    found = [line.strip() for line in said.splitlines()[1:]]
    return set().union(*(members(one) for one in found if one and not one.startswith("#")))


def allowed(unit):
    """The names of the system calls that a unit's SystemCallFilter= lines allow."""
    calls = set()
    for line in re.findall(r"^SystemCallFilter=(.+)$", unit, re.MULTILINE):
        named = set().union(*(members(name) for name in line.removeprefix("~").split()))
        calls = calls - named if line.startswith("~") else calls | named
    return calls


def require_seccomp():
    """Skip the test where the filter cannot be made."""
    analyze()
    if not ctypes.util.find_library("seccomp"):
        pytest.skip("no libseccomp (Debian: libseccomp2)")


def filter_file(calls):
    """An open file with the filter, in the form that the kernel takes; the caller closes it."""
    library = ctypes.CDLL(ctypes.util.find_library("seccomp"))
    library.seccomp_init.restype = ctypes.c_void_p
    made = ctypes.c_void_p(library.seccomp_init(REFUSE))
    for call in sorted(calls):
        number = library.seccomp_syscall_resolve_name(call.encode())
        # Numbers below zero are calls of other architectures.
        if number >= 0:
            assert library.seccomp_rule_add(made, ALLOW, number, 0) == 0, call
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it is what is returned
    assert library.seccomp_export_bpf(made, file.fileno()) == 0
    library.seccomp_release(made)
    file.seek(0)
    return file
