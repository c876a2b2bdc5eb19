"""Elements of a line whose text is not to be read as it stands: written anew before the walk.

Invariant: a pass over a page's tokens, each looked at a bounded number of times; only pages
that have such elements take it. What it writes anew:

- readings of ruby annotations (`rt`) are left out: they repeat the words they stand above;
- what is hidden in the middle of a line is left out;
- raised and lowered digits never become part of the number before them, and the marks of
  footnotes go;
- an element that HTML does not know is part of the line it stands in, as browsers show it,
  unless it holds blocks.
"""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

Token = tuple[str, str, str, str]
"""`/` of a closing tag, name, attributes, the text after it."""

_READINGS = frozenset({"rt", "rp", "rtc"})
ODD = _READINGS | {"sup", "sub"}
"""Known elements that `rewritten` looks at."""

_VOID = frozenset(
    (
        "img br wbr input source track embed param area col frame keygen basefont bgsound link "
        "meta base hr"
    ).split()
)
INLINE = ODD | frozenset(
    (
        "abbr acronym bdi bdo big cite code data del dfn em font i ins kbd label mark meter nobr "
        "output q rb ruby s samp small span strike time tt u var wbr img picture "
        "source track param area col frame input embed keygen basefont bgsound "
        "link meta base a b strong"
    ).split()
)
"""The elements of HTML that do not end a line."""

CLOSED = INLINE - _VOID
"""Those of them that can hold text."""

_LINES = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6"})
"""Blocks that hold nothing but a line."""

_RAISED = dict(zip("0123456789+-\u2212\u2013()=ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁽⁾⁼ⁿⁱ", strict=True))
_LOWERED = dict(zip("0123456789+-\u2212()=", "₀₁₂₃₄₅₆₇₈₉₊₋₋₍₎₌", strict=True))
_MARK_LENGTH = 8
_BRACKETED = re.compile(r"\[[^\[\]]{1,20}\]")
_NUMBERS = re.compile(r"\d{1,3}(?:\s?[,;\u2013-]\s?\d{1,3}){0,9}")
_CLOSED = ".,;:!?\"'”’»…。，"
_WITHIN = 200
"""So many tokens an element of a line may hold."""

_WITHIN_MARK = 24
_HIDDEN_LENGTH = 1000


def rewritten(
    tokens: Sequence[Token], unseen: AbstractSet[str], unknown: AbstractSet[str]
) -> Sequence[Token]:
    """The tokens of a page with the odd elements of its lines written anew.

    Args:
        tokens: of a written tree, so that elements nest and each has an end.
        unseen: elements of a line that are hidden, each its tag and attributes.
        unknown: names of elements that HTML does not know.

    Returns:
        The same tokens if there is nothing to write anew.
    """
    odd = ODD | unknown
    if unseen:
        places = [
            place
            for place, (close, tag, attributes, _) in enumerate(tokens)
            if not close
            and (tag in odd or (attributes and tag in INLINE and tag + attributes in unseen))
        ]
    else:
        places = [at for at, token in enumerate(tokens) if token[1] in odd and not token[0]]
    out: list[Token] = list(tokens)
    gone: list[tuple[int, int]] = []
    after = 0
    changed = False
    for at in places:
        if at < after:
            continue
        _, tag, attributes, text = tokens[at]
        if tag in unknown:
            end = _end(tokens, at, _WITHIN)
            if (
                end
                and _is_line(tokens[at + 1 : end], unknown)
                and _in_line(tokens, at, end, unknown)
            ):
                out[at] = "", "", attributes, text
                out[end] = "/", "", "", tokens[end][3]
                changed = True
            continue
        end, new = _written(tokens, at, unseen)
        if end:
            out[at] = "", "", "", new + tokens[end][3]
            gone.append((at + 1, end + 1))
            after = end
    if not gone:
        return out if changed else tokens
    kept: list[Token] = []
    last = 0
    for start, end in gone:
        kept += out[last:start]
        last = end
    return kept + out[last:]


def _in_line(tokens: Sequence[Token], at: int, end: int, unknown: AbstractSet[str]) -> bool:
    """Whether an element stands in a line of text, or in a block that holds nothing else."""
    if _filled(tokens[end][3]):
        return True
    for close, tag, _, text in reversed(tokens[max(0, at - _WITHIN_MARK) : at]):
        if text and _filled(text):
            return True
        if tag and tag not in INLINE and tag not in unknown:
            return not close and tag in _LINES
    return False


def _written(tokens: Sequence[Token], at: int, unseen: AbstractSet[str]) -> tuple[int, str]:
    """What stands for an element of a line: the place of its end, 0 if it stays, and the text."""
    _, tag, attributes, _ = tokens[at]
    if tag in _READINGS:
        return _end(tokens, at, _WITHIN), ""
    if attributes and tag + attributes in unseen:
        end = _end(tokens, at, _WITHIN)
        inner = tokens[at:end]
        length = sum(len(token[3]) for token in inner)
        if 0 < length <= _HIDDEN_LENGTH and _is_line(inner, ()):
            return end, ""
    if tag in ("sup", "sub"):
        end = _end(tokens, at, _WITHIN_MARK)
        if end:
            new = _script(tag, tokens[at:end], tokens[max(0, at - _WITHIN_MARK) : at])
            if new is not None:
                return end, new
    return 0, ""


def _end(tokens: Sequence[Token], at: int, within: int) -> int:
    """Where the element that opens at a place ends; 0 if not within so many tokens."""
    tag, depth = tokens[at][1], 0
    for place in range(at, min(at + within, len(tokens))):
        if tokens[place][1] == tag:
            depth += -1 if tokens[place][0] else 1
            if not depth:
                return place
    return 0


def _is_line(tokens: Sequence[Token], unknown: AbstractSet[str] | tuple[()]) -> bool:
    """Whether there is no block among the tokens."""
    return all(not tag or tag in INLINE or tag in unknown for _, tag, _, _ in tokens)


def _filled(text: str) -> bool:
    return bool(text) and not text.replace("&nbsp;", " ").isspace()


def _text(tokens: Sequence[Token]) -> str:
    return "".join([token[3] for token in tokens]).replace("&nbsp;", " ").strip()


def _before(out: Sequence[Token]) -> str:
    """The text right before a place in its line."""
    for token in reversed(out):
        if token[1] and token[1] not in INLINE:
            return token[3]
        if token[3]:
            return token[3]
    return ""


def _script(tag: str, tokens: Sequence[Token], out: Sequence[Token]) -> str | None:  # noqa: PLR0911 - one case after the other
    """How a raised or lowered text is written: None if as it is, nothing if it is a mark."""
    content, before = _text(tokens), _before(out)
    if not content or not _is_line(tokens, ()):
        return None
    if tag == "sub":
        if before[-1:] in ("/", "\u2044") or before[-1:].isdigit():
            return _mapped(content, _LOWERED) or (f"_{content}" if content[0].isdigit() else None)
        return None
    linked = any(name == "a" and "#" in attributes for _, name, attributes, _ in tokens) or (
        bool(out) and not out[-1][3] and out[-1][1] == "a" and "#" in out[-1][2]
    )
    if (linked and len(content) <= _MARK_LENGTH) or _BRACKETED.fullmatch(content):
        return ""
    last = before[-1:]
    number = _NUMBERS.fullmatch(content) is not None
    if number and last and last in _CLOSED:
        return ""
    raised = _mapped(content, _RAISED)
    if raised and (not content.isalpha() or last.isdigit() or last == ")" or _is_variable(before)):
        return raised
    if last.isdigit() and (content[0].isdigit() or content in ("x", "y", "z")):
        return f"^{content}"
    return None


def _mapped(content: str, table: dict[str, str]) -> str | None:
    """A text in raised or lowered characters, if there is one for each."""
    new = [table.get(character, "") for character in content]
    return "".join(new) if all(new) else None


def _is_variable(before: str) -> bool:
    """Whether a line goes up to a single letter."""
    return before[-1:].isalpha() and not before[-2:-1].isalnum()
