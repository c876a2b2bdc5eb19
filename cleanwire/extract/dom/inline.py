"""Rewrites tokens of inline elements whose text must not be read literally.

Invariant: one pass over a page's tokens, and each token is looked at a bounded number of times.
Only pages that have such elements take the pass. The serialised tree has one spelling: every
element is closed, every attribute is quoted, `<` and `>` are escaped. So one regular expression
cuts it into tokens at C speed. The pass changes these:

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

_MOST_MARK_TOKENS = 24
"""The most tokens of a `sup` or `sub` element, and of the line before it that is looked at."""

_HIDDEN_LENGTH = 1000
"""The most characters of a hidden part of a line."""


# A comment or a tag, and the text up to the next one. It never backtracks, so the time is linear:
# after a quoted value only a blank or the end of the tag can follow. The token of a comment has the
# name "".
_TOKEN = re.compile(r'<(?:!--[\s\S]*?--|(/?)([^ >/]++)((?: [^ >][^ =>]*+="[^"]*+")*+))>([^<]*+)')


def rewritten(html: str, unseen: AbstractSet[str], unknown: AbstractSet[str]) -> str | None:
    """A serialised tree with its odd inline elements rewritten, as the module says.

    Args:
        html: the tree.
        unseen: the hidden inline elements, each as its tag and attributes.
        unknown: the names of elements that HTML does not know.

    Returns:
        None if there is nothing to rewrite.
    """
    tokens = _TOKEN.findall(html)
    other = rewritten_tokens(tokens, unseen, unknown)
    if other is tokens:
        return None
    return "".join(
        [
            f"<{close}{tag}{attributes}>{text}" if tag else f"<!---->{text}"
            for close, tag, attributes, text in other
        ]
    )


def rewritten_tokens(
    tokens: Sequence[Token], unseen: AbstractSet[str], unknown: AbstractSet[str]
) -> Sequence[Token]:
    """The tokens of a page with its odd inline elements rewritten, as the module says.

    Args:
        tokens: the tokens of a serialised tree, so that elements nest and each has an end.
        unseen: the hidden inline elements, each as its tag and attributes.
        unknown: the names of elements that HTML does not know.

    Returns:
        The new tokens; `tokens` itself if there is nothing to rewrite.
    """
    odd = ODD | unknown
    if unseen:
        indices = [
            index
            for index, (close, tag, attributes, _) in enumerate(tokens)
            if not close
            and (tag in odd or (attributes and tag in INLINE and tag + attributes in unseen))
        ]
    else:
        indices = [at for at, token in enumerate(tokens) if token[1] in odd and not token[0]]
    out: list[Token] = list(tokens)
    removed: list[tuple[int, int]] = []
    after = 0
    changed = False
    for at in indices:
        if at < after:
            continue
        _, tag, attributes, text = tokens[at]
        if tag in unknown:
            end = _end_of(tokens, at, _MOST_TOKENS)
            if (
                end
                and _is_line(tokens[at + 1 : end], unknown)
                and _in_line(tokens, at, end, unknown)
            ):
                out[at] = "", "", attributes, text
                out[end] = "/", "", "", tokens[end][3]
                changed = True
            continue
        end, new = _replacement(tokens, at, unseen)
        if end:
            out[at] = "", "", "", new + tokens[end][3]
            removed.append((at + 1, end + 1))
            after = end
    if not removed:
        return out if changed else tokens
    kept: list[Token] = []
    last = 0
    for start, end in removed:
        kept += out[last:start]
        last = end
    return kept + out[last:]


def _in_line(tokens: Sequence[Token], at: int, end: int, unknown: AbstractSet[str]) -> bool:
    """Whether an element has text beside it in its line, or is in an element of one line."""
    if _has_text(tokens[end][3]):
        return True
    for close, tag, _, text in reversed(tokens[max(0, at - _MOST_MARK_TOKENS) : at]):
        if text and _has_text(text):
            return True
        if tag and tag not in INLINE and tag not in unknown:
            return not close and tag in _ONE_LINE
    return False


def _replacement(tokens: Sequence[Token], at: int, unseen: AbstractSet[str]) -> tuple[int, str]:
    """How an inline element is rewritten.

    Returns:
        The index of its closing tag, or 0 if it is kept; and the text that replaces it.
    """
    _, tag, attributes, _ = tokens[at]
    if tag in _RUBY_READINGS:
        return _end_of(tokens, at, _MOST_TOKENS), ""
    if attributes and tag + attributes in unseen:
        end = _end_of(tokens, at, _MOST_TOKENS)
        inner = tokens[at:end]
        length = sum(len(token[3]) for token in inner)
        if 0 < length <= _HIDDEN_LENGTH and _is_line(inner, ()):
            return end, ""
    if tag in ("sup", "sub"):
        end = _end_of(tokens, at, _MOST_MARK_TOKENS)
        if end:
            new = _script_text(tag, tokens[at:end], tokens[max(0, at - _MOST_MARK_TOKENS) : at])
            if new is not None:
                return end, new
    return 0, ""


def _end_of(tokens: Sequence[Token], at: int, within: int) -> int:
    """The index of the closing tag of the element at `at`; 0 if it is not `within` that far."""
    tag, depth = tokens[at][1], 0
    for index in range(at, min(at + within, len(tokens))):
        if tokens[index][1] == tag:
            depth += -1 if tokens[index][0] else 1
            if not depth:
                return index
    return 0


def _is_line(tokens: Sequence[Token], unknown: AbstractSet[str] | tuple[()]) -> bool:
    """Whether all tokens are inline, or of unknown elements."""
    return all(not tag or tag in INLINE or tag in unknown for _, tag, _, _ in tokens)


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
    if not content or not _is_line(tokens, ()):
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
