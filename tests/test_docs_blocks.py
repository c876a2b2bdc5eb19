"""The code blocks of the documentation work: they are run, or read as what they are."""

import json
import re
import tomllib

import pytest
import yaml

from helpers import doc_blocks, doc_commands, schemas
from streams.settings import Settings

FEWEST_WORDS = 3
"""Of a reason why a block is not run."""

INLINE = re.compile(r"(?<!`)`(cleanwire (?:[^`\n]|\n(?!\n))+)`(?!`)")
ON_A_BROKER = {"docs/howto/consume.md", "docs/howto/crawlers.md", "docs/howto/publish.md"}
"""Pages whose Python needs Kafka; tests/streams/test_docs_live.py runs it."""

PYTHON = [block for block in doc_blocks.of("python") if block.page not in ON_A_BROKER]


def namespace():
    """What the examples take for granted: a page as a crawler has it, and some more of them."""
    event = schemas.example("raw-page")
    page = event["body"].encode()
    return {
        "html": page,
        "url": event["url"],
        "header": event["content_type"],
        "pages": [
            (event["url"], page),
            ("https://copy.example/1", page),
            ("https://a.example/", b""),
        ],
        "__name__": "example",
    }


def run(block):
    """Run a block by itself, so that a reader may copy it without those before it."""
    shared = block.example.namespace
    shared.clear()
    shared.update(namespace())
    block.example.evaluate()
    return shared


def test_every_block_has_a_language_that_is_looked_at():
    for path in doc_blocks.PAGES:
        page = str(path.relative_to(doc_blocks.ROOT))
        found = [block.language for block in doc_blocks.ALL if block.page == page]
        assert doc_blocks.fences(path) == found, page


def test_a_block_that_is_not_run_says_why():
    for block in doc_blocks.ALL:
        assert set(block.said) <= {"not run", "schema", "made"}, block
        if "not run" in block.said:
            assert len(block.said["not run"].split()) >= FEWEST_WORDS, block


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python_runs(block):
    run(block)


def test_the_examples_do_what_they_say(capsys):
    run(next(block for block in PYTHON if block.page == "docs/howto/library.md"))
    lines = capsys.readouterr().out.splitlines()
    assert "is exact of https://courier.example/norhaven-ferry" in lines[1]
    assert lines[2].startswith("https://a.example/ no-article")


@pytest.mark.parametrize("block", doc_blocks.of("sh"), ids=str)
def test_shell_calls_what_there_is(block):
    assert not list(doc_commands.faults(block.text))


@pytest.mark.parametrize("path", doc_blocks.PAGES, ids=lambda path: path.name)
def test_commands_in_sentences_exist(path):
    for found in INLINE.findall(path.read_text("utf-8")):
        arguments = found.split()[1:]
        if arguments[0] in ("COMMAND", "COMMAND..."):
            continue
        if len(arguments) == 1:
            # A sentence names the command; its arguments may be missing.
            assert arguments[0].startswith("-") or arguments[
                0
            ] in doc_commands.cleanwire.list_commands(None), found
            continue
        fault = doc_commands.cleanwire_fault(arguments)
        assert fault is None or fault.startswith("Missing argument"), (found, fault)


@pytest.mark.parametrize("block", doc_blocks.of("json"), ids=str)
def test_json_is_valid_and_events_follow_their_schema(block):
    value = json.loads(block.text)
    if "schema" in block.said:
        schemas.validator(block.said["schema"].removesuffix(".v1")).validate(value)
    else:
        assert not {"url", "fetched_at"} <= set(value), "name the schema of an event"


@pytest.mark.parametrize("block", doc_blocks.of("yaml"), ids=str)
def test_yaml_is_read(block):
    for document in yaml.safe_load_all(block.text):
        assert document
        for job in document.get("scrape_configs", ()):
            assert set(job) <= {"job_name", "authorization", "static_configs", "scheme"}
            assert set(job["authorization"]) <= {"type", "credentials", "credentials_file"}
            assert all(
                re.fullmatch(r"[\w.-]+:\d+", t) for c in job["static_configs"] for t in c["targets"]
            )


@pytest.mark.parametrize("block", doc_blocks.of("toml"), ids=str)
def test_toml_is_settings(block):
    assert Settings(**tomllib.loads(block.text))


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("cleanwire publsh page.html", "No such command"),
        ("cleanwire tail --cout 1 clean-articles", "No such option"),
        ("cleanwire tail clean-articles --count none", "Invalid value"),
        ("cleanwire audit && cleanwire nothing", "No such command"),
        ("export CLEANWIRE_BROKR=a:1", "no setting"),
        ("python bench/nothing.py", "no such program"),
        ("python bench/faults.py --sede 1", "option --sede"),
        ("pip install '.[brokr]'", "extra"),
        ("make nothing", "target"),
        ("scripts/nothing", "script"),
        ("rm -rf data", "not known"),
    ],
)
def test_a_wrong_line_is_found(line, fault):
    (found,) = doc_commands.faults(line)
    assert fault in found


def test_lines_that_are_right_pass():
    text = "A=1 cleanwire clean a b > c  # comment\ncleanwire tail x \\\n  --count 1 | cleanwire publish -"
    assert not list(doc_commands.faults(text))
