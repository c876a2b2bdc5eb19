"""The code blocks of the documentation, as Sybil finds them.

Invariant: a block is run or read in the tests, or a comment before it says why not:
`<!-- not run: REASON -->`.
"""

import re
from pathlib import Path

from sybil import Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "schemas/*.md", "deploy/*.md")
    for path in ROOT.glob(pattern)
)
LANGUAGES = ("python", "sh", "json", "yaml", "toml", "text")
"""What a block may be in. `text` is what a program prints, and is not looked at."""

_FENCE = re.compile(r"^ *(?:```+|~~~+)([^\n`]*)$", re.MULTILINE)
_BEFORE = re.compile(r"<!-- ([a-z ]+): ([^<>]*?) -->\s*\Z")


class Block:
    """A fenced block: its page, language and text, and what the comment before it says."""

    def __init__(self, example):
        self.example = example
        self.page = str(Path(example.path).relative_to(ROOT))
        self.language = example.region.lexemes["arguments"]
        self.text = str(example.parsed)
        before = _BEFORE.search(example.document.text[: example.region.start])
        self.said = {before[1]: " ".join(before[2].split())} if before else {}

    def __str__(self):
        return f"{self.page}:{self.example.line}"


_FINDERS = Sybil([CodeBlockParser(language, PythonEvaluator()) for language in LANGUAGES])

ALL = [Block(example) for path in PAGES for example in _FINDERS.parse(path).examples()]


def of(language):
    """The blocks in a language that are run or read."""
    return [block for block in ALL if block.language == language and "not run" not in block.said]


def fences(path):
    """The languages of all fences of a page, as written."""
    return [language.strip() for language in _FENCE.findall(path.read_text("utf-8"))[::2]]
