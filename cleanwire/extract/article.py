"""Whether a page is an article at all.

The rule here: in doubt it is one. A story that is refused is lost to whoever reads the stream;
a link list that gets through is only noise.
"""

import re
from collections.abc import Sequence

from cleanwire.errors import NoArticle
from cleanwire.extract.blocks import Page
from cleanwire.extract.text import words_in

FEWEST_WORDS = 15
"""A body of fewer words is a caption or a stub."""

SHORT = 120
"""Below so many words the page around the body is looked at."""

LINKED_TO_BODY = 8.0
"""A short body among more than so many times its words in links is a list's blurb."""

_ERROR = re.compile(
    r"\b(?:404|403|410|500|503)\b|not found|page (?:does not|doesn.t) exist|nicht gefunden|"
    r"introuvable|no encontrada|non trovata|não encontrada|niet gevonden|nie znaleziono|"
    r"не найдена|bulunamadı|见つかりません|見つかりません|未找到|access denied|forbidden",
    re.IGNORECASE,
)


def check_article(
    page: Page, paragraphs: Sequence[str], titles: Sequence[str | None], *, dated: bool
) -> None:
    """Refuse a page that is no article.

    Args:
        page: all its blocks.
        paragraphs: what was taken for the body.
        titles: of the page and of its document.
        dated: whether the page names a date or an author of its own, as lists seldom do.

    Raises:
        NoArticle: with the shape that tells it.
    """
    if not page.blocks:
        raise NoArticle("the page has no text")
    words = sum(map(words_in, paragraphs))
    if not words:
        raise NoArticle("the page has no prose")
    if words < FEWEST_WORDS:
        raise NoArticle(f"the body has {words} words, fewer than {FEWEST_WORDS}")
    if words >= SHORT:
        return
    named = " ".join(title or "" for title in titles)[:300]
    if _ERROR.search(named):
        raise NoArticle("an error page, by its title")
    linked = sum(block.linked for block in page.blocks) // 6
    if linked > LINKED_TO_BODY * words and not dated:
        raise NoArticle(f"a list of links: {words} words of prose among {linked} in links")
