"""The package as somebody installs it: what is in the wheel, and what an import loads."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import cleanwire
from cleanwire.schema import schema

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("numba", "numpy", "faust", "selectolax")


def loaded(module):
    code = f"import sys, {module}; print(*[name for name in {HEAVY} if name in sys.modules])"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()


@pytest.mark.parametrize(
    "module",
    [
        "cleanwire",
        "cleanwire.errors",
        "cleanwire.events",
        "streams.cli.main",
        "streams.cli.tail",
        "streams.cli.publish",
    ],
)
def test_what_needs_no_model_loads_none(module):
    assert loaded(module) == []


def test_every_public_name_is_there_when_it_is_asked_for():
    assert set(cleanwire.__all__) <= set(dir(cleanwire))
    assert [name for name in cleanwire.__all__ if not callable(getattr(cleanwire, name))] == []
    with pytest.raises(AttributeError, match="no attribute 'clean_pages'"):
        cleanwire.clean_pages  # noqa: B018 - it is the subject


def test_the_wheel_has_two_packages_and_the_schemas_in_one(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "site")
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {
        "cleanwire",
        "streams",
    }
    assert not [name for name in names if name.endswith((".code", ".nbi", ".nbc", ".pyc"))]
    assert sorted(name for name in names if name.startswith("cleanwire/schemas/")) == sorted(
        f"cleanwire/{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / "schemas").rglob("*")
        if path.is_file() and "released" not in path.parts
    )
    code = "from cleanwire.schema import schema; print(schema('clean-article.v1')['$id'])"
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-c",
            f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); {code}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == schema("clean-article.v1")["$id"]
