"""What an article promises its readers, from whichever page it came.

Invariant: a broken promise is named, and the text that breaks it is not shown.
"""

import re
from collections.abc import Iterator
from typing import Any

import orjson

from cleanwire.dedupe.records import CandidateRecord, pack_candidate, unpack_candidate
from cleanwire.events import Article, to_dict

_TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII)
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_CODE_CONTROLS = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")
_GIVEN = ("id", "url", "fetched_at", "signature", "cleaner", "site")


def broken(candidate: CandidateRecord) -> list[str]:
    """The promises that an article breaks."""
    article = candidate.article
    found = [f"{place} has controls" for place in _with_controls(article)]
    if article.text != "\n\n".join(" ".join(b.text.split()) for b in article.blocks):
        found.append("text and blocks differ")
    if not article.text.strip() or article.word_count < 1:
        found.append("there is no text")
    for name in ("published_at", "modified_at"):
        value = getattr(article, name)
        if value is not None and not _TIME.fullmatch(value):
            found.append(f"{name} is no time")
    for name in ("canonical_url", "image"):
        value = getattr(article, name)
        if value is not None and not value.lower().startswith(("http://", "https://")):
            found.append(f"{name} is no address")
    if article.language is not None and not re.fullmatch("[a-z]{2,3}", article.language):
        found.append("language is no subtag")
    if unpack_candidate(pack_candidate(candidate)) != candidate:
        found.append("it does not come back as it was packed")
    orjson.dumps(to_dict(article))
    return found


def _with_controls(article: Article) -> Iterator[str]:
    fields = to_dict(article)
    if _CONTROLS.search(fields["text"].replace("\n\n", "")):
        yield "text"
    for block in fields["blocks"]:
        allowed = _CODE_CONTROLS if block["kind"] == "code" else _CONTROLS
        if allowed.search(block["text"]):
            yield f"a {block['kind']} block"
    for name in fields.keys() - {*_GIVEN, "text", "blocks"}:
        if any(_CONTROLS.search(text) for text in _texts(fields[name])):
            yield name


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
