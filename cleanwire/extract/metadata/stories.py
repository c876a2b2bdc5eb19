"""The text of a story in JSON-LD -> its lines.

Invariant: the lines have no markup. Tags and entities that a site has put into the string, even if
they are escaped several times, are read as a browser would read them.
"""

import html
import re
from typing import Any

from cleanwire.extract.dom.blocks import read_html
from cleanwire.extract.dom.parsing import parsed
from cleanwire.extract.dom.text import squeezed
from cleanwire.extract.metadata.jsonld import as_list, text_of

MAX_UPDATES = 500
"""The most entries of a live blog that are read."""

_ESCAPED = re.compile(
    r"&(?:amp;){0,3}(?:lt|#0{0,3}60|#x0{0,3}3c);/?[a-z][a-z0-9]{0,10}", re.IGNORECASE
)
_TAG = re.compile(
    r"</?(?:p|br|div|span|a|b|i|u|em|strong|small|h[1-6]|ul|ol|li|blockquote|figure|figcaption|img|table|"
    r"tr|td|th|section|article|hr|pre|code|sub|sup|iframe|script|style|video|aside|cite|q|mark)(?=[\s/>])",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:[a-z][a-z0-9]{1,30}|#\d{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)
_MOST_UNESCAPES = 3


def story_of(article: dict[str, Any]) -> str | None:
    """The text of an article in JSON-LD: its body, and the entries of a live blog.

    Args:
        article: the JSON-LD object.

    Returns:
        The text as it is in the object, with the headline of an entry on a line of its own; None if
        there is no text.
    """
    parts = [text_of(article.get("articleBody")) or ""]
    for update in as_list(article.get("liveBlogUpdate"))[:MAX_UPDATES]:
        if isinstance(update, dict):
            headline = text_of(update.get("headline")) or text_of(update.get("name")) or ""
            body = text_of(update.get("articleBody")) or text_of(update.get("text")) or ""
            parts += [headline if body and not body.startswith(headline) else "", body]
    return "\n".join(filter(None, parts)) or None


def lines_of(story: str) -> tuple[str, ...]:
    """The lines of a story that is given as one string, without markup."""
    for _ in range(_MOST_UNESCAPES):
        if _TAG.search(story) or not _ESCAPED.search(story):
            break
        story = html.unescape(story)
    if _TAG.search(story):
        # A browser shows a line feed as a blank, but the author means a new line.
        marked = (
            re.sub(r"\n\s{0,20}", "<br>", story) if "\n" in story and "</p>" not in story else story
        )
        return tuple(line for text in read_html(parsed(marked)).texts for line in _lines(text))
    for _ in range(_MOST_UNESCAPES):
        if not _ENTITY.search(story):
            break
        story = html.unescape(story)
    return tuple(_lines(story))


def _lines(text: str) -> list[str]:
    """The lines of a text that are not empty, squeezed."""
    return [line for part in text.splitlines() if (line := squeezed(part))]
