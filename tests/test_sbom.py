"""The bill of materials of a release: valid CycloneDX, and exactly what the lock names."""

import importlib.util
import json
import sys

import pytest

from helpers.deployed import ROOT


@pytest.fixture(scope="module")
def program():
    spec = importlib.util.spec_from_file_location("sbom", ROOT / "scripts" / "sbom.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def environment(*packages):
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "metadata": {"component": {"bom-ref": "us", "name": "cleanwire", "type": "application"}},
        "components": [
            {"bom-ref": f"{name}=={version}", "name": name, "version": version, "type": "library"}
            for name, version in packages
        ],
        "dependencies": [
            {"ref": "us", "dependsOn": [f"{name}=={version}" for name, version in packages]},
            *({"ref": f"{name}=={version}"} for name, version in packages),
        ],
    }


def test_what_the_lock_does_not_name_is_not_in_it(program):
    made = program.bill(environment(("Ours", "1"), ("pytest", "9")), {"ours": "1"})
    assert [one["name"] for one in made["components"]] == ["Ours"]
    assert made["dependencies"] == [
        {"ref": "us", "dependsOn": ["Ours==1"]},
        {"ref": "Ours==1", "dependsOn": []},
    ]
    assert program.fault(json.dumps(made)) is None


@pytest.mark.parametrize("installed", [[], [("ours", "2")]])
def test_a_package_that_is_missing_or_another_version_is_an_error(program, installed):
    with pytest.raises(ValueError, match=r"not installed as runtime.txt has it: ours"):
        program.bill(environment(*installed), {"ours": "1"})


def test_a_lock_is_read_for_this_python(program):
    lock = (
        'numpy==2.4.6 ; python_version < "3" \\\n    --hash=sha256:00\n'
        'numpy==2.5.5 ; python_version >= "3" \\\n    --hash=sha256:00\n'
        "Typing_Extensions==4.1 \\\n    --hash=sha256:00\n"
    )
    assert program.locked(lock) == {"numpy": "2.5.5", "typing-extensions": "4.1"}


def test_what_is_no_bill_is_found(program):
    assert "components" in program.fault(json.dumps(environment(("a", "1")) | {"components": "x"}))


@pytest.mark.slow
def test_the_bill_of_this_environment_is_valid_and_names_licences(program, tmp_path, monkeypatch):
    versions = program.locked(program.LOCK.read_text("utf-8"))
    file = tmp_path / "bill.json"
    monkeypatch.setattr(sys, "argv", ["sbom.py", str(file)])
    assert program.main() == 0
    text = file.read_text("utf-8")
    assert program.fault(text) is None
    made = json.loads(text)
    assert len(made["components"]) == len(versions)
    assert {one["purl"].partition("@")[0][:9] for one in made["components"]} == {"pkg:pypi/"}
    licences = [one["name"] for one in made["components"] if one.get("licenses")]
    assert len(licences) > 0.9 * len(versions)
    assert str(ROOT) not in text
    assert made["metadata"]["component"]["version"]


def test_the_release_workflow_makes_it_beside_what_is_published():
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8")
    assert 'scripts/sbom.py "cleanwire-$GITHUB_REF_NAME.cdx.json"' in text
    assert "path: cleanwire-*.cdx.json" in text
