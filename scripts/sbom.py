"""Writes the software bill of materials of a release: `python scripts/sbom.py FILE`.

CycloneDX 1.6 in JSON: Cleanwire, every package of `requirements/runtime.txt` for this Python, its
licence as its own metadata declare it, and what needs what. It reads the environment that it runs
in, which therefore has to be installed from the locks (`scripts/prepare`).

Invariant: a bill has every package of the lock, in its version, and nothing else; otherwise none is
written. The same environment gives the same bytes.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements" / "runtime.txt"


def locked(lock: str) -> dict[str, str]:
    """The versions of a lock's packages for this Python and machine, by their normalised names."""
    found = {}
    for line in re.findall(r"^[A-Za-z0-9].*==[^\\\n]+", lock, re.MULTILINE):
        wanted = Requirement(line)
        if wanted.marker is None or wanted.marker.evaluate():
            [version] = wanted.specifier
            found[canonicalize_name(wanted.name)] = version.version
    return found


def bill(environment: dict[str, Any], versions: dict[str, str]) -> dict[str, Any]:
    """The bill of an environment, cut down to the packages of a lock.

    Args:
        environment: the bill of everything that is installed.
        versions: the packages that belong to the release.

    Raises:
        ValueError: a package is missing, or installed in another version.
    """
    kept = {
        name: one
        for one in environment["components"]
        if (name := canonicalize_name(one["name"])) in versions
    }
    wrong = sorted(
        name
        for name, version in versions.items()
        if name not in kept or kept[name]["version"] != version
    )
    if wrong:
        raise ValueError(f"not installed as {LOCK.name} has it: {', '.join(wrong)}")
    main = environment["metadata"]["component"]
    refs = {main["bom-ref"], *(one["bom-ref"] for one in kept.values())}
    dependencies = [
        {**one, "dependsOn": [ref for ref in one.get("dependsOn", ()) if ref in refs]}
        for one in environment["dependencies"]
        if one["ref"] in refs
    ]
    return {**environment, "components": list(kept.values()), "dependencies": dependencies}


def fault(text: str) -> str | None:
    """What the schema of CycloneDX has against a bill; None if it has nothing."""
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    return None if error is None else str(error)


def installed() -> dict[str, Any]:
    """The bill of everything that is installed for this Python."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "environment.json"
        subprocess.run(  # noqa: S603 - our own command line
            [
                *(sys.executable, "-m", "cyclonedx_py", "environment"),
                *("--pyproject", str(ROOT / "pyproject.toml"), "--mc-type", "application"),
                *("--sv", "1.6", "--output-reproducible", "--no-validate"),
                *("--output-file", str(file), sys.executable),
            ],
            check=True,
        )
        found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def main() -> int:
    """Write the bill to the file that the command line names."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and the file
        print("usage: python scripts/sbom.py FILE", file=sys.stderr)
        return 2
    try:
        made = bill(installed(), locked(LOCK.read_text("utf-8")))
    except ValueError as error:
        print(f"{error}; run scripts/prepare", file=sys.stderr)
        return 3
    text = json.dumps(made, indent=1, ensure_ascii=False) + "\n"
    if why := fault(text):
        print(f"the bill does not keep to CycloneDX 1.6: {why}", file=sys.stderr)
        return 3
    Path(sys.argv[1]).write_text(text, "utf-8")
    without = sum(not one.get("licenses") for one in made["components"])
    print(f"{len(made['components'])} packages, {without} of them without a declared licence")
    return 0


if __name__ == "__main__":
    sys.exit(main())
