"""Rewrites inline elements whose text must not be read literally.

Invariant: only the elements at the given places are looked at, each with a bounded number of the
tokens before it and in it. The serialised tree has one spelling: every element is closed, every
attribute is quoted, `<` and `>` are escaped. So one regular expression cuts it into tokens at C
speed. These change:

- Readings of ruby annotations (`rt`) are left out, because they repeat the words below them.
- Hidden parts of a line are left out.
- Superscript and subscript digits do not become part of the number before them, and footnote marks
  are left out.
- An element that HTML does not know becomes part of its line, as browsers show it, unless it holds
  blocks.
"""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

Token = tuple[str, str, str, str]
"""A tag: "/" if it is a closing tag, else ""; its name; its attributes; the text after it."""

_RUBY_READINGS = frozenset({"rt", "rp", "rtc"})
ODD = _RUBY_READINGS | {"sup", "sub"}
"""The elements of HTML that `rewritten` looks at."""

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
"""The inline elements that can hold text, so that they have a closing tag."""

BLOCKS = (
    "address article aside blockquote body caption center colgroup dd details dialog dir div "
    "dl dt fieldset figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 head header "
    "hgroup html legend li listing main marquee menu nav noscript ol optgroup p pre search "
    "section summary table tbody td tfoot th thead title tr ul"
).split()
"""The other elements of HTML that can be visible."""

ENDS_LINE = frozenset((*BLOCKS, "br", "hr"))
"""The elements of HTML that end a line."""

_ONE_LINE = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6"})
"""Elements that hold only inline content."""

_SUPERSCRIPT = dict(zip("0123456789+-\u2212\u2013()=ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁽⁾⁼ⁿⁱ", strict=True))
_SUBSCRIPT = dict(zip("0123456789+-\u2212()=", "₀₁₂₃₄₅₆₇₈₉₊₋₋₍₎₌", strict=True))
_MARK_LENGTH = 8
"""The most characters of a linked footnote mark."""

_BRACKETED = re.compile(r"\[[^\[\]]{1,20}\]")
_NUMBERS = re.compile(r"\d{1,3}(?:\s?[,;\u2013-]\s?\d{1,3}){0,9}")
_MARKS_BEFORE_A_NOTE = ".,;:!?\"'”’»…。，"
_MOST_TOKENS = 200
"""The most tokens that an inline element may have to be rewritten."""

MOST_MARK_TOKENS = 24
"""The most tokens of a `sup` or `sub` element, and of the line before it that is looked at."""

_HIDDEN_LENGTH = 1000
"""The most characters of a hidden part of a line."""


# A comment or a tag, and the text up to the next one. It never backtracks, so the time is linear:
# after a quoted value only a blank or the end of the tag can follow. The token of a comment has the
# name "".
TOKEN = re.compile(r'<(?:!--[\s\S]*?--|(/?)([^ >/]++)((?: [^ >][^ =>]*+="[^"]*+")*+))>([^<]*+)')

Edit = tuple[int, int, str]
"""The start and end of a part of a page, in characters, and what takes its place."""


def rewritten(html: str, places: Sequence[tuple[int, int]], unseen: AbstractSet[str]) -> str | None:
    """A serialised tree with its odd inline elements rewritten, as the module says.

    Args:
        html: the tree.
        places: where the tags are that may be rewritten, ascending. For each: where the line
            before it begins, which is a tag at most `MOST_MARK_TOKENS` tags before it; and where
            the tag begins. Both in characters.
        unseen: the hidden inline elements, each as its tag and attributes.

    Returns:
        None if there is nothing to rewrite.
    """
    edits: list[Edit] = []
    after = 0
    for line, start in places:
        # An element in one that was replaced is gone with it.
        if start >= after:
            new, after = _edits(html, line, start, unseen, after)
            edits += new
    if not edits:
        return None
    parts, last = [], 0
    for start, end, text in sorted(edits):
        parts += [html[last:start], "<!---->", text]
        last = end
    return "".join([*parts, html[last:]])


def _edits(
    html: str, line: int, start: int, unseen: AbstractSet[str], after: int
) -> tuple[list[Edit], int]:
    """The edits of one element, and the end of what was replaced so far."""
    before: list[Token] = []
    inner: list[Token] = []
    tag, depth, opened = "", 0, 0
    for match in TOKEN.finditer(html, line):
        token = _token(match)
        if match.start() < start:
            before.append(token)
            continue
        if not inner:
            tag, opened = token[1], match.start(4)
        if token[1] == tag:
            depth += -1 if token[0] else 1
            if not depth:
                break
        inner.append(token)
        # Only readings of ruby annotations may hold more than a line.
        if len(inner) >= _MOST_TOKENS or (token[1] in ENDS_LINE and tag not in _RUBY_READINGS):
            return [], after
    else:
        return [], after
    text_at = match.start(4)
    if tag not in INLINE:
        if not _has_text(match[4]) and not _in_line(before):
            return [], after
        return [(start, opened, ""), (match.start(), text_at, "")], after
    new = _replacement(inner, before, unseen)
    return ([], after) if new is None else ([(start, text_at, new)], text_at)


def _token(match: re.Match[str]) -> Token:
    """A token; a comment has "" for all but the text after it."""
    close, tag, attributes, text = match.groups("")
    return close, tag, attributes, text


def _in_line(before: Sequence[Token]) -> bool:
    """Whether an element has text before it in its line, or is in an element of one line.

    Args:
        before: the tokens before the element.
    """
    for close, tag, _, text in reversed(before):
        if text and _has_text(text):
            return True
        if tag in ENDS_LINE:
            return not close and tag in _ONE_LINE
    return False


def _replacement(
    tokens: Sequence[Token], before: Sequence[Token], unseen: AbstractSet[str]
) -> str | None:
    """The text that replaces an inline element; None if it is kept.

    Args:
        tokens: the element without its closing tag.
        before: the tokens before it.
        unseen: the hidden inline elements.
    """
    _, tag, attributes, _ = tokens[0]
    if tag in _RUBY_READINGS:
        return ""
    if attributes and tag + attributes in unseen:
        length = sum(len(token[3]) for token in tokens)
        if 0 < length <= _HIDDEN_LENGTH and _is_line(tokens):
            return ""
    if tag in ("sup", "sub") and len(tokens) < MOST_MARK_TOKENS:
        return _script_text(tag, tokens, before)
    return None


def _is_line(tokens: Sequence[Token]) -> bool:
    """Whether all tokens are of inline elements of HTML."""
    return all(not tag or tag in INLINE for _, tag, _, _ in tokens)


def _has_text(text: str) -> bool:
    """Whether a text has more than blanks."""
    return bool(text) and not text.replace("&nbsp;", " ").isspace()


def _text(tokens: Sequence[Token]) -> str:
    """The text of tokens, without the blanks around it."""
    return "".join([token[3] for token in tokens]).replace("&nbsp;", " ").strip()


def _before(out: Sequence[Token]) -> str:
    """The last text of a line, given the tokens up to a position in it."""
    for token in reversed(out):
        if token[1] and token[1] not in INLINE:
            return token[3]
        if token[3]:
            return token[3]
    return ""


def _script_text(tag: str, tokens: Sequence[Token], out: Sequence[Token]) -> str | None:  # noqa: PLR0911 - one case after the other
    """The text that replaces a `sup` or `sub` element.

    Returns:
        None if the element is kept; "" if it is a footnote mark; else characters of Unicode's
        superscripts and subscripts, or `^` or `_` before the text.
    """
    content, before = _text(tokens), _before(out)
    if not content or not _is_line(tokens):
        return None
    if tag == "sub":
        if before[-1:] in ("/", "\u2044") or before[-1:].isdigit():
            return _mapped(content, _SUBSCRIPT) or (f"_{content}" if content[0].isdigit() else None)
        return None
    linked = any(name == "a" and "#" in attributes for _, name, attributes, _ in tokens) or (
        bool(out) and not out[-1][3] and out[-1][1] == "a" and "#" in out[-1][2]
    )
    if (linked and len(content) <= _MARK_LENGTH) or _BRACKETED.fullmatch(content):
        return ""
    last = before[-1:]
    number = _NUMBERS.fullmatch(content) is not None
    if number and last and last in _MARKS_BEFORE_A_NOTE:
        return ""
    superscript = _mapped(content, _SUPERSCRIPT)
    if superscript and (
        not content.isalpha() or last.isdigit() or last == ")" or _is_variable(before)
    ):
        return superscript
    if last.isdigit() and (content[0].isdigit() or content in ("x", "y", "z")):
        return f"^{content}"
    return None


def _mapped(content: str, table: dict[str, str]) -> str | None:
    """A text in superscript or subscript characters; None if a character has none."""
    new = [table.get(character, "") for character in content]
    return "".join(new) if all(new) else None


def _is_variable(before: str) -> bool:
    """Whether a line ends in a single letter, which may be a variable."""
    return before[-1:].isalpha() and not before[-2:-1].isalnum()
