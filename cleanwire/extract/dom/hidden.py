"""Tells which elements a page hides: by an attribute, by an inline style, or by its style sheets.

Invariant: an element is hidden only if the page says plainly that a browser does not show it until
a script changes it. A class or an id is hidden if a rule for this name alone says `display: none`
outside media queries, and no other rule of the sheets shows it again.

These do not count as hidden, because on labelled pages the story is in such elements:
`aria-hidden`; an opacity or a height of 0, with which scripts let a text appear;
`hidden="until-found"`; and the parts that React streams (`id="S:0"`) and moves into place by
script.
"""

import re
from collections.abc import Iterable

from selectolax.lexbor import LexborNode

from cleanwire.extract.dom.attributes import classes_of, value_of

_STYLE = re.compile(
    r"(?:^|;)(?:display:none|visibility:(?:hidden|collapse)|"
    r"font-size:0(?:\.0{1,9})?(?:px|pt|em|rem|%)?(?:;|!|$)|"
    r"(?:left|top|right|bottom|margin-left|margin-top|text-indent):-(?:9\d\d|\d{4,9})(?:\.\d{1,9})?(?:px|em|rem)|"
    r"clip:rect\((?:0|1px)[,p0x1]{3,12}\))"
)
_HIDING = ("display:none", "display: none", "display :none", "display : none")
"""Spellings that are searched for literally, by their last word. For a large sheet, a regular
expression takes as long as parsing the page."""
_NONE = "none"
_SPELLING = max(map(len, _HIDING))

_SELECTOR = re.compile(r"(\*|[a-z][a-z0-9-]{0,40})?([.#])([\w-]{1,100})")
_STREAMED = re.compile(r"S:[0-9a-f]{1,6}")
_SHOWN = re.compile(r"display\s{0,9}:\s{0,9}(?!none)[a-z]", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s{0,9}:\s{0,9}none", re.IGNORECASE)
_NAME_GOES_ON = re.compile(r"[\w-]")
_RULE_LENGTH = 2000
_SELECTORS_LENGTH = 400
_MAX_NAMES = 500
_MAX_CSS = 500_000


class Sheet:
    """What the style sheets of a page hide.

    Args:
        css: their text; its first `_MAX_CSS` characters are read.
    """

    def __init__(self, css: str = "") -> None:
        self._css = css[:_MAX_CSS]
        self._names = _hidden_names(self._css)
        self._known: dict[str, bool] = {}

    @property
    def hides_names(self) -> bool:
        """Whether a rule of the sheets hides a class or an id."""
        return bool(self._names)

    def hides(self, tag: str, attributes: str) -> bool:
        """Whether an element is hidden, by its own attributes or by the sheets."""
        if ' hidden="' in attributes and _is_hidden(attributes):
            return True
        if ' style="' in attributes and hides_style(value_of(attributes, "style")):
            return True
        if self._names:
            if ' class="' in attributes:
                for name in classes_of(attributes):
                    tags = self._names.get("." + name)
                    if (
                        tags is not None
                        and (tag in tags or "" in tags)
                        and self._stays_hidden("." + name)
                    ):
                        return True
            if ' id="' in attributes:
                name = value_of(attributes, "id")
                tags = self._names.get("#" + name)
                if (
                    tags is not None
                    and (tag in tags or "" in tags)
                    and self._stays_hidden("#" + name)
                ):
                    return True
        return False

    def unseen(self, elements: Iterable[str]) -> set[str]:
        """The hidden ones among elements, each given as its tag and its attributes."""
        found = set()
        for element in elements:
            if (
                ' style="' in element
                or ' hidden="' in element
                or (self._names and (' class="' in element or ' id="' in element))
            ):
                tag, _, rest = element.partition(" ")
                if self.hides(tag, " " + rest):
                    found.add(element)
        return found

    def _stays_hidden(self, name: str) -> bool:
        """Whether a rule outside media queries hides a name, and none shows it again."""
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = self._is_hidden_by_rules(name)
        return known

    def _is_hidden_by_rules(self, name: str) -> bool:
        """`_stays_hidden` without the memory: reads all rules whose selectors have the name."""
        css, at, depth, last, found = self._css, 0, 0, 0, False
        while (at := css.find(name, at)) >= 0:
            at += len(name)
            if _NAME_GOES_ON.match(css, at):
                continue
            opened = css.find("{", at, at + _RULE_LENGTH)
            closed = css.find("}", at, at + _RULE_LENGTH)
            if not 0 <= opened < closed:
                continue
            if _SHOWN.search(css, opened, closed):
                return False
            depth += css.count("{", last, at) - css.count("}", last, at)
            last = at
            found = found or (depth == 0 and _HIDDEN.search(css, opened, closed) is not None)
        return found


def sheet_of(styles: Iterable[LexborNode]) -> Sheet:
    """What `style` elements hide; those for print or in `noscript` do not count."""
    return Sheet(
        "\n".join(
            [
                style.text()
                for style in styles
                if (style.parent is None or style.parent.tag != "noscript")
                and style.attributes.get("media") in (None, "", "all", "screen")
            ]
        )
    )


def hides_style(style: str) -> bool:
    """Whether the value of a `style` attribute hides its element."""
    if ":" not in style:
        return False
    return _STYLE.search("".join(style[:_RULE_LENGTH].lower().split())) is not None


def _is_hidden(attributes: str) -> bool:
    """Whether the attribute `hidden` counts: not `until-found`, not on a streamed part."""
    return value_of(attributes, "hidden").lower() != "until-found" and not _STREAMED.fullmatch(
        value_of(attributes, "id")
    )


def _hidden_names(css: str) -> dict[str, set[str]]:
    """The names (`.class`, `#id`) that rules of a sheet hide.

    Returns:
        For each name the tags that the rules are for; "" is every tag.
    """
    names: dict[str, set[str]] = {}
    ends = [
        position + len(_NONE)
        for position in _positions(css, _NONE)
        if css.endswith(_HIDING, max(0, position - _SPELLING), position + len(_NONE))
    ]
    for position in ends[:_MAX_NAMES]:
        opened = css.rfind("{", max(0, position - _RULE_LENGTH), position)
        if opened < 0:
            continue
        before = css[max(0, opened - _SELECTORS_LENGTH) : opened]
        for selector in before[max(map(before.rfind, "{};/")) + 1 :].split(","):
            simple = _SELECTOR.fullmatch(selector.strip())
            if simple is not None:
                tag, mark, name = simple.groups()
                names.setdefault(mark + name, set()).add("" if tag in (None, "*") else tag)
    return names


def _positions(text: str, wanted: str) -> list[int]:
    """The positions of all occurrences of one text in another."""
    found, at = [], text.find(wanted)
    while at >= 0:
        found.append(at)
        at = text.find(wanted, at + 1)
    return found


HIDES_NOTHING = Sheet()
