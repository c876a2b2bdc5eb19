"""The documentation names everything there is, and its links lead somewhere."""

import re
from pathlib import Path

import pytest

from cleanwire.errors import REASONS
from streams.cli.main import COMMANDS
from streams.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("*/*.md")]


def test_the_reference_names_every_command_setting_and_reason():
    text = (ROOT / "docs" / "reference.md").read_text("utf-8")
    for name in (*COMMANDS, *REASONS, *(PREFIX + name.upper() for name in Settings.model_fields)):
        assert f"| `{name}` |" in text, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere_and_settings_exist(page):
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {f"{PREFIX}CONFIG"}
    assert set(re.findall(r"\bCLEANWIRE_[A-Z_]*[A-Z]", text)) <= known


def test_the_readme_has_the_two_commands():
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "'.[broker]' && .venv/bin/cleanwire demo" in readme
    assert "\nscripts/check\n" in readme
    assert (ROOT / ".ci" / "run").read_text("utf-8").rstrip().endswith("exec scripts/check")
