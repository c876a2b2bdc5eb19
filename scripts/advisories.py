"""Looks the locked packages up in an advisory service, with pip-audit.

Invariant: a known vulnerability fails the check, and nothing else does. A package that could not be
looked up is reported and never counts as sound. pip-audit's exit code does not tell: it is 0 even
if its service knows none of the packages.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).resolve().parents[1] / "requirements" / "dev.txt"
"""The lock file that includes the packages of all others."""

SERVICES = ("pypi", "osv")
SECONDS = 120

ACCEPTED: dict[str, str] = {}
"""Advisories that do not concern Cleanwire, each with the reason, by id."""


def look_up(service: str) -> tuple[list[dict], str]:
    """Ask one service.

    Returns:
        The packages that the service knows, each with its `vulns`; and why it knows no more.
    """
    command = [
        *os.environ.get("PIP_AUDIT", f"{sys.executable} -m pip_audit").split(),
        *("--require-hashes", "--disable-pip", "--requirement", str(LOCK)),
        *("--vulnerability-service", service, "--timeout", "10"),
        *("--format", "json", "--progress-spinner", "off"),
    ]
    for advisory in ACCEPTED:
        command += ["--ignore-vuln", advisory]
    try:
        done = subprocess.run(  # noqa: S603 - our own command line
            command, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        packages = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        return [], f"no answer within {SECONDS} s"
    except (ValueError, KeyError):
        return [], (done.stderr.strip().splitlines() or ["no reason given"])[-1][:200]
    known = [package for package in packages if "vulns" in package]
    return known, f"it does not know {len(packages) - len(known)} of {len(packages)} packages"


def main() -> int:
    """Print what was found; returns 1 if there is a vulnerability."""
    known: list[dict] = []
    for service in SERVICES:
        known, why = look_up(service)
        if known:
            break
        print(f"advisories: {service} was skipped: {why}")
    found = [(package, one) for package in known for one in package["vulns"]]
    for package, one in found:
        fixed = ", ".join(one["fix_versions"]) or "no version yet"
        print(f"{package['name']} {package['version']}: {one['id']}, fixed in {fixed}")
    if found:
        print("run `scripts/lock --upgrade-package NAME`, or accept it in scripts/advisories.py")
    elif known:
        print(f"advisories: {service} has none for {len(known)} packages; {why}")
    else:
        print("advisories: nothing was looked up")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
