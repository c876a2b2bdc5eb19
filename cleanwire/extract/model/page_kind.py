"""Whether a page is an article at all.

Invariant: in doubt it is one. A story that is refused is lost to whoever reads the stream;
a link list that gets through is only noise. So the model's thresholds are set where it refuses
one in two hundred of the labelled articles.

Two forests decide. The first sees what is at hand: how much was chosen and how surely, links,
what the page says of itself, the shape of its URL. Only where it is not sure are the page's own
signs looked up (names of elements, words of its short lines, words of its URL) and a second one
asked: four articles in five never come so far.
"""

import dataclasses
import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cleanwire.errors import NoArticle
from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.metadata.jsonld import ARTICLES
from cleanwire.extract.metadata.metadata import Metadata
from cleanwire.extract.model import forest
from cleanwire.extract.model.block_features import NAMES
from cleanwire.extract.model.class_names import tokens_of, tokens_of_all
from cleanwire.extract.model.line_features import line_words
from cleanwire.extract.model.select_blocks import BlockSelection
from cleanwire.urls import path_of

FEWEST_WORDS = 15
"""A body of fewer words is a caption or a stub."""

SHORT = 120
"""Below so many words the page around the body is looked at."""

LINKED_TO_BODY = 8.0
"""A short body among more than so many times its words in links is a list's blurb."""

FEWEST_LINKS = 5
"""A page with fewer links outside its navigation is no list of anything."""

SURE = 0.97
"""From this probability on the first forest is believed alone."""

_LONG = 20
_BLOCK = 8
_LINE = 6
_START = 100
_PATH = 2000
_ENDED, _DENSITY, _IN_LIST, _SIBLINGS = map(
    NAMES.index, ("ended", "density", "in_list", "e1_siblings")
)
_SUFFIX = re.compile(r"\.\w{2,5}$")
_WORD = re.compile(r"[^\W_]+")
_ERROR = re.compile(
    r"\b(?:404|403|410|500|503)\b|not found|page (?:does not|doesn.t) exist|nicht gefunden|"
    r"introuvable|no encontrada|non trovata|não encontrada|niet gevonden|nie znaleziono|"
    r"не найдена|bulunamadı|见つかりません|見つかりません|未找到|access denied|forbidden",
    re.IGNORECASE,
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of a page when it is asked what it is.

    Attributes:
        page: all its blocks.
        decision: what was decided of them.
        words: how many the body has.
        titles: of the page and of its document.
        dated: whether the page names a date or an author of its own, as lists seldom do.
        metadata: what it says of itself; None where only the text is to be judged.
        url: where it was fetched.
    """

    page: BlockList
    decision: BlockSelection
    words: int
    titles: Sequence[str | None]
    dated: bool
    metadata: Metadata | None
    url: str | None


def check_article(evidence: Evidence) -> None:
    """Refuse a page that is no article.

    Raises:
        NoArticle: with the shape that tells it.
    """
    page = evidence.page
    if not len(page):
        raise NoArticle("the page has no text")
    words = evidence.words
    if not words:
        raise NoArticle("the page has no prose")
    if words < FEWEST_WORDS:
        raise NoArticle(f"the body has {words} words, fewer than {FEWEST_WORDS}")
    if words < SHORT:
        named = " ".join(title or "" for title in evidence.titles)[:300]
        if _ERROR.search(named):
            raise NoArticle("an error page, by its title")
        linked = sum(page.linked) // 6
        if linked > LINKED_TO_BODY * words and not evidence.dated:
            raise NoArticle(f"a list of links: {words} words of prose among {linked} in links")
    if evidence.metadata is not None and not _is_article(
        page, evidence.decision, evidence.metadata, evidence.url
    ):
        raise NoArticle(f"a page of another kind, as a list or a shop's: {words} words of prose")


def _is_article(
    page: BlockList, decision: BlockSelection, metadata: Metadata, url: str | None
) -> bool:
    if sum(page.links) < FEWEST_LINKS:
        return True
    shape = page_features(page, decision, metadata, url)
    if float(forest.PAGES(shape)[0]) >= SURE:
        return True
    sign = forest.SIGN_BIAS + sum(forest.SIGNS.get(sign, 0.0) for sign in signs(page, url))
    again = np.concatenate((shape, np.array([[sign]], np.float32)))
    return float(forest.PAGES_AGAIN(again)[0]) >= forest.PAGE_THRESHOLD


def page_features(
    page: BlockList, decision: BlockSelection, metadata: Metadata, url: str | None
) -> NDArray[np.float32]:
    """What the first forest sees of a page with at least one block; shape (features, 1)."""
    rows, likely = decision.rows, decision.likely
    words = rows[0].astype(np.float64)
    chosen = np.zeros(len(page), bool)
    chosen[decision.chosen] = True
    body = words[chosen]
    density = rows[_DENSITY]
    total, taken = float(words.sum()), float(body.sum())
    expected = likely * words
    long = words * (words >= _BLOCK)
    tags = [page.tags[element] for element in page.inside]
    links = sum(page.links)
    path = path_of(url)[:_PATH]
    segments = [segment for segment in path.split("/") if segment]
    last = _SUFFIX.sub("", segments[-1][:300]) if segments else ""
    values: list[float] = [
        float(np.log1p(taken)),
        len(body),
        int((body >= _LONG).sum()),
        taken / total,
        float(long[chosen].sum() / max(long.sum(), 1)),
        float(expected[chosen].sum() / max(taken, 1)),
        float(2 * expected[chosen].sum() / max(taken + expected.sum(), 1)),
        float(body.max(initial=0)),
        float(rows[_ENDED][chosen].mean()) if len(body) else 0.0,
        float((density * words).sum() / total),
        links / total,
        total,
        len(page),
        links,
        tags.count("h2"),
        tags.count("h3"),
        sum(tag in ("h2", "h3", "h4") and density[place] > 0.5 for place, tag in enumerate(tags)),  # noqa: PLR2004 - mostly a link
        page.tags.count("article"),
        not ARTICLES.isdisjoint(metadata.types),
        "article" in metadata.types or "article" in (metadata.og_type or ""),
        metadata.published_at is not None,
        bool(metadata.authors),
        len(segments),
        last.count("-") + last.count("_"),
        any(character.isdigit() for character in path),
        len(last),
        float(rows[_SIBLINGS].max()),
        float((rows[_IN_LIST] * words).sum() / total),
        float(expected.sum()),
        float(np.sort(body)[-3:].sum() / max(taken, 1)),
        float(np.diff(np.flatnonzero(chosen)).max(initial=0)),
        float((density[chosen] * body).sum() / max(taken, 1)),
    ]
    return np.array([values], np.float32).T


def signs(page: BlockList, url: str | None) -> set[str]:
    """Names of elements, words of short lines and of the URL, each with where it is from."""
    # Most elements of a page are named as others are.
    tokens = tokens_of_all(set(zip(page.tags, page.attributes, strict=True)))
    found = {"." + token for token in tokens}
    found.update(["<" + tag for tag in set(page.tags)])
    found.update("b:" + token for token in tokens_of("", page.attributes[0]))
    found.update("u:" + word for word in _WORD.findall(path_of(url)[:_PATH].lower()))
    found.update("s:" + word for word in _short_words(page))
    return found


def _short_words(page: BlockList) -> Iterator[str]:
    for text in page.texts:
        # The start of a paragraph shows that it is no short line.
        if len(text) > _START and len(line_words(text[:_START])) > _LINE:
            continue
        words = line_words(text)
        if len(words) <= _LINE:
            yield from words
