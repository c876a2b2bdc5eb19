"""Which uses of a page its publisher does not want: meta tags `robots` and the header X-Robots-Tag.

The syntax is that of Google's and Bing's documentation: rules parted by commas, some with a value
after a colon. In the header a name that is no such rule, with a colon, names the crawler that the
rules after it are for.

Invariant: only rules for every crawler are given, each once, in lower case, in the order in which
they stand. `none` is given as the two rules that it stands for.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

MOST_RULES = 20
"""Rules of a page that are kept."""

MOST_RULE = 80
"""Characters of a rule; a longer one is left out."""

HEADER = "x-robots-tag"

_MOST_TEXT = 4096
_VALUED = frozenset(
    {
        "max-snippet",
        "max-image-preview",
        "max-video-preview",
        "unavailable_after",
        "unavailable-after",
    }
)
_DATED = ("unavailable_after:", "unavailable-after:")
_MEANT = {"none": ("noindex", "nofollow")}
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)
_RULE = re.compile(r"[a-z][a-z0-9_-]{0,39}(?::[ -~]{1,80})?", re.ASCII)
_DIGIT = re.compile(r"\d", re.ASCII)


def rules_in_metas(contents: Iterable[str]) -> tuple[str, ...]:
    """The rules in the contents of the meta tags that are named `robots`."""
    return _kept(rule for content in contents for rule in _rules(content, scoped=False))


def rules_in_header(headers: Mapping[str, str] | None) -> tuple[str, ...]:
    """The rules for every crawler in the response header X-Robots-Tag.

    Args:
        headers: the response headers. Several values of one name are joined by commas or by line
            ends.
    """
    return _kept(
        rule
        for name, said in (headers or {}).items()
        if name.lower() == HEADER
        for line in said[:_MOST_TEXT].splitlines()
        for rule in _rules(line, scoped=True)
    )


def joined(*rules: tuple[str, ...]) -> tuple[str, ...]:
    """The rules of several places, each once."""
    return tuple(dict.fromkeys(rule for some in rules for rule in some))[:MOST_RULES]


def _kept(rules: Iterable[str]) -> tuple[str, ...]:
    meant = (one for rule in rules for one in _MEANT.get(rule, (rule,)))
    kept = (rule for rule in meant if len(rule) <= MOST_RULE and _RULE.fullmatch(rule))
    return tuple(dict.fromkeys(kept))[:MOST_RULES]


def _rules(text: str, *, scoped: bool) -> Iterator[str]:
    """The rules of one text; those for one crawler are left out if `scoped`."""
    for part in _parts(text[:_MOST_TEXT].lower()):
        before, colon, value = (piece.strip() for piece in part.partition(":"))
        # Some sites part rules by blanks alone.
        *words, name = before.split() or [""]
        if not all(map(_NAME.fullmatch, (*words, name))):
            if scoped and colon:
                return
            continue
        yield from words
        if not colon:
            yield name
        elif name in _VALUED or not scoped:
            yield f"{name}:{' '.join(value.split())}"
        else:
            # The name of a crawler: the rest of the line is for it alone.
            return


def _parts(text: str) -> Iterator[str]:
    """The parts between commas; a date with commas in it is one part."""
    held = ""
    for part in text.replace(";", ",").split(","):
        piece = part.strip()
        if held and (not _DIGIT.search(held) or piece[:1].isdigit()):
            held = f"{held}, {piece}"
            continue
        if held:
            yield held
            held = ""
        if piece.startswith(_DATED):
            held = piece
        elif piece:
            yield piece
    if held:
        yield held
