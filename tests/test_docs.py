"""The documentation names everything there is, its tables follow from the code, its links lead somewhere."""

import ast
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import cleanwire
from cleanwire.errors import REASONS
from streams import exit_codes, secret_files
from streams.cli.audit import NOT_WHOLE
from streams.cli.main import COMMANDS
from streams.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("*/*.md"), *ROOT.glob("docs/*/*.md")]
REFERENCE = sorted((DOCS / "reference").glob("*.md"))
HOST = re.compile(r"""<(?:script|link|img|iframe)\b[^>]*(?:src|href)=["']?(?:https?:)?//[^>]*""")


def tables():
    spec = importlib.util.spec_from_file_location("reference", ROOT / "scripts" / "reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_names_every_command_setting_and_reason():
    for page, names in (
        ("commands", COMMANDS),
        ("reasons", REASONS),
        ("settings", (PREFIX + name.upper() for name in Settings.model_fields)),
    ):
        text = (DOCS / "reference" / f"{page}.md").read_text("utf-8")
        for name in names:
            assert f"| `{name}` |" in text, name


@pytest.mark.parametrize("page", REFERENCE, ids=lambda page: page.stem)
def test_tables_are_as_the_code_has_them(page):
    text = page.read_text("utf-8")
    assert tables().filled(text) == text, "run `python scripts/reference.py`"


def test_every_table_has_its_place():
    text = "".join(page.read_text("utf-8") for page in REFERENCE)
    assert sorted(re.findall(r"<!-- made: ([a-z-]+) -->", text)) == sorted(tables().TABLES)


def test_tables_do_not_follow_the_surroundings(monkeypatch, tmp_path):
    made = tables()
    before = {name: table() for name, table in made.TABLES.items()}
    monkeypatch.setenv("CLEANWIRE_TOPIC_PREFIX", "mine.")
    monkeypatch.setenv("CLEANWIRE_RAW_PARTITIONS", "7")
    (tmp_path / "cleanwire.toml").write_text("retention = '1d'\n")
    assert {name: table() for name, table in made.TABLES.items()} == before


def test_the_reference_has_every_exit_code():
    text = (DOCS / "reference" / "commands.md").read_text("utf-8")
    codes = {value for name, value in vars(exit_codes).items() if name.isupper()} | {NOT_WHOLE}
    assert set(map(int, re.findall(r"(?m)^\| (\d+) \|", text))) == codes


def test_the_reference_has_every_public_name():
    text = (DOCS / "reference" / "library.md").read_text("utf-8")
    named = set(re.findall(r"(?m)^::: cleanwire\.(\w+)$", text))
    assert named == set(cleanwire.__all__)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere_and_settings_exist(page):
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    known |= {f"{PREFIX}CONFIG", secret_files.VARIABLE}
    assert set(re.findall(r"\bCLEANWIRE_[A-Z_]*[A-Z]", text)) <= known


def test_the_readme_has_the_two_commands():
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "'.[broker]' && .venv/bin/cleanwire demo" in readme
    assert "\nscripts/check\n" in readme
    assert (ROOT / ".ci" / "run").read_text("utf-8").rstrip().endswith("exec scripts/check")


def messages():
    """Every text of the code that may be printed, with `...` for what is put in."""
    for package in ("cleanwire", "streams"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    yield "".join(
                        part.value if isinstance(part, ast.Constant) else "..."
                        for part in node.values
                    )
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield re.sub(r"%(?:\.\d+)?[sdrgf]", "...", node.value)


def quoted():
    text = (DOCS / "troubleshooting.md").read_text("utf-8")
    return re.findall(r"(?m)^### `(.+)`$", text)


def shape(message):
    """A message without what differs: runs of places count as one, blanks between them do not."""
    return re.sub(r"(?:\.\.\.[ :;,]*)+", "... ", message).strip()


def test_troubleshooting_quotes_what_the_code_says():
    said = {shape(message) for message in messages()}
    missing = [message for message in quoted() if shape(message) not in said]
    assert len(quoted()) > 30
    assert not missing


def test_troubleshooting_has_no_message_twice():
    assert len(quoted()) == len(set(map(shape, quoted())))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_fetches_nothing(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > len(PAGES)
    for page in pages:
        assert not HOST.search(page.read_text("utf-8")), page


@pytest.mark.slow
def test_the_site_has_the_pages_outside_docs_and_the_files_they_link_to(site):
    for place in ("", "project/architecture", "project/changelog", "source/streams/web/guard.py"):
        assert (site / place / "index.html").is_file(), place
    security = (site / "project" / "security" / "index.html").read_text("utf-8")
    assert 'href="../../source/streams/web/guard.py/"' in security
    assert 'href="../../howto/secure/"' in security
    library = (site / "reference" / "library" / "index.html").read_text("utf-8")
    assert "Decide on an article, and store the decision." in library
