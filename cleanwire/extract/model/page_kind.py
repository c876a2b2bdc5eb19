"""Whether a page is an article at all.

Invariant: in doubt a page is an article. A story that is rejected is lost to the readers of the
stream; a link list that passes is only noise. So the model's thresholds are set where it rejects
one in two hundred of the labelled articles.

Two forests decide. The first sees what is at hand: how much was chosen and with which probability,
links, what the page says of itself, the shape of its URL. Only if it is not sure, the page's tokens
are looked up (names of elements, words of its short lines, words of its URL), and the second forest
decides. Four articles in five need only the first.

What no forest sees is that a body is a stream of teasers. At the address of a section, such a page
is a list whatever the forests say, unless its data call it an article.
"""

import dataclasses
import math
import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from cleanwire.errors import NoArticle
from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.tag_names import TAG_NUMBERS
from cleanwire.extract.dom.text import unspaced_in
from cleanwire.extract.metadata.jsonld import ARTICLES
from cleanwire.extract.metadata.metadata import Metadata
from cleanwire.extract.model import forest
from cleanwire.extract.model import page_figures as of
from cleanwire.extract.model.class_names import tokens_of, tokens_of_all
from cleanwire.extract.model.feature_names import BLOCK_FEATURES
from cleanwire.extract.model.line_features import line_words
from cleanwire.extract.model.select_blocks import BlockSelection
from cleanwire.extract.vocabulary import alternation
from cleanwire.urls import host_of, path_of

FEWEST_WORDS = 15
"""A body of fewer words is a caption or a stub."""

SHORT = 120
"""A body of fewer words is judged by the page around it, too."""

LINKED_TO_BODY = 8.0
"""A short body among more than this many times its words in links is the blurb of a list."""

FEWEST_LINKS = 5
"""A page with fewer links outside its navigation is no list."""

SURE = 0.97
"""From this probability on the first forest decides alone."""

STREAM_SHARE = 0.8
"""A body with this share of its words or more in streams of teasers is a list, if the page has the
address of a section."""

_SECTION_SEGMENTS = 3
"""The path of a section has at most this many segments."""
_SECTION_MARKS = 1
"""The name of a section has at most this many hyphens: it is a word or two."""
_SECTION_LENGTH = 20
"""The name of a section has at most this many characters."""
_SECTION_UNSPACED = 8
"""The name of a section has at most this many characters of scripts without blanks, where a
headline needs no hyphens."""

_LINE = 6
"""A line of at most this many words is short: its words are tokens."""
_START = 100
"""How many characters of a line show that it is not short."""
_PATH = 2000
"""How many characters of a URL's path are read."""
_H2, _H3, _H4 = TAG_NUMBERS["h2"], TAG_NUMBERS["h3"], TAG_NUMBERS["h4"]
_GROUP = BLOCK_FEATURES.index("group_share")

PAGE_FEATURES = (
    # How much was chosen. `share` is of the page's words; `long` blocks are in the second count.
    *("log_words", "blocks", "long_blocks", "words_share", "long_words_share"),
    # How well: the expected precision and F1 of the choice.
    *("expected_precision", "expected_f1"),
    *("longest_block", "ended_share", "link_density", "links_per_word"),
    *("page_words", "page_blocks", "page_links"),
    # Blocks in headings, and those among them that are mostly a link; elements.
    *("h2_blocks", "h3_blocks", "linked_headings", "article_elements"),
    # What the page says of itself.
    *("article_type", "article_og_type", "has_date", "has_authors"),
    # The path of its URL, and its last segment without a suffix.
    *("path_segments", "slug_marks", "path_has_digit", "slug_length"),
    *("most_siblings", "list_words_share", "expected_words", "three_longest_share"),
    *("widest_gap", "body_link_density"),
    # Prose of which the model is sure; what is in cards.
    *("log_sure_words", "card_words_share", "most_cards", "group_share"),
)
"""The names of the features of a page, in the order of the rows that `page_features` returns."""

_SUFFIX = re.compile(r"\.\w{2,5}$")
_WORD = re.compile(r"[^\W_]+")
_ERROR = re.compile(rf"\b(?:404|403|410|500|503)\b|{alternation('error_page')}", re.IGNORECASE)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of a page when its kind is decided.

    Attributes:
        page: all its blocks.
        selection: which of them were chosen.
        words: how many words the body has.
        titles: the titles of the page and of its document.
        dated: whether the page has a date or an author of its own, as lists seldom do.
        stream_share: the share of the body's words that are in streams of teasers, 0 to 1.
        metadata: what the page says of itself; None to judge by the text alone.
        url: where the page was fetched.
    """

    page: BlockList
    selection: BlockSelection
    words: int
    titles: Sequence[str | None]
    dated: bool
    stream_share: float = 0.0
    metadata: Metadata | None
    url: str | None


def check_article(evidence: Evidence) -> None:
    """Reject a page that is no article.

    Raises:
        NoArticle: the detail says what the page is instead.
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
        titles = " ".join(title or "" for title in evidence.titles)[:300]
        if _ERROR.search(titles):
            raise NoArticle("an error page, by its title")
        linked = linked_words(page)
        if linked > LINKED_TO_BODY * words and not evidence.dated:
            raise NoArticle(f"a list of links: {words} words of prose among {linked} in links")
    metadata = evidence.metadata
    if metadata is None:
        return
    if is_section_list(evidence.stream_share, evidence.url, metadata):
        raise NoArticle("a list: a stream of teasers at the address of a section")
    if not judged(evidence, metadata).is_article:
        raise NoArticle(f"a page of another kind, as a list or a shop's: {words} words of prose")


def is_section_list(stream_share: float, url: str | None, metadata: Metadata) -> bool:
    """Whether a page is the list of a section: a stream of teasers that is not called an article.

    Args:
        stream_share: the share of the body's words that are in streams of teasers, 0 to 1.
        url: where the page was fetched.
        metadata: what the page says of itself.
    """
    return (
        stream_share >= STREAM_SHARE and names_section(url) and ARTICLES.isdisjoint(metadata.types)
    )


def names_section(url: str | None) -> bool:
    """Whether a URL names a section of a site, or its start page, rather than a story.

    The path of a section is a few names of a word or two. The URL of a story has a number, a date
    or the words of a headline in it.
    """
    if host_of(url) is None or url is None or "?" in url:
        return False
    segments = [segment for segment in unquote(path_of(url)[:_PATH]).split("/") if segment]
    return len(segments) <= _SECTION_SEGMENTS and not any(
        any(map(str.isdigit, segment))
        or segment.count("-") + segment.count("_") > _SECTION_MARKS
        or len(segment) > _SECTION_LENGTH
        or unspaced_in(segment) > _SECTION_UNSPACED
        for segment in segments
    )


def linked_words(page: BlockList) -> int:
    """About how many words of a page stand in links."""
    return sum(page.linked) // 6


@dataclasses.dataclass(frozen=True, slots=True)
class Judgement:
    """What the model takes an HTML page for, and by which figures.

    Attributes:
        is_article: the answer.
        links: how many links the page has outside its navigation.
        features: what the first forest saw, as `page_features` returns it; None if the page has
            fewer than `FEWEST_LINKS` links, because then no forest is asked.
        first: the probability that the first forest gave; None if it was not asked.
        token_weight: the sum of the weights of the page's tokens; None if the first forest was
            sure.
        second: the probability that the second forest gave; None if it was not asked.
    """

    is_article: bool
    links: int
    features: NDArray[np.float32] | None = None
    first: float | None = None
    token_weight: float | None = None
    second: float | None = None


def judged(evidence: Evidence, metadata: Metadata) -> Judgement:
    """What the model takes an HTML page for."""
    page, url = evidence.page, evidence.url
    links = sum(page.links)
    if links < FEWEST_LINKS:
        return Judgement(is_article=True, links=links)
    shape = page_features(page, evidence.selection, metadata, url)
    first = float(forest.PAGES(shape)[0])
    if first >= SURE:
        return Judgement(True, links, shape, first)  # noqa: FBT003 - the answer
    # Exactly, so that the order of a set, which differs between processes, decides nothing.
    weights = math.fsum(forest.TOKEN_WEIGHTS.get(token, 0.0) for token in page_tokens(page, url))
    again = np.concatenate((shape, np.array([[forest.TOKEN_BIAS + weights]], np.float32)))
    second = float(forest.PAGES_AGAIN(again)[0])
    return Judgement(second >= forest.PAGE_THRESHOLD, links, shape, first, weights, second)


def page_features(
    page: BlockList, selection: BlockSelection, metadata: Metadata, url: str | None
) -> NDArray[np.float32]:
    """What the first forest sees of an HTML page.

    Args:
        page: a page with at least one block.
        selection: which of its blocks were chosen.
        metadata: what the page says of itself.
        url: where the page was fetched.

    Returns:
        The features that `PAGE_FEATURES` names, in that order; float32, shape (len(PAGE_FEATURES),
        1).
    """
    rows = selection.rows
    arrays = page.as_arrays()
    tags = arrays.tags[arrays.inside]
    level_2, level_3 = tags == _H2, tags == _H3
    chosen = np.zeros(len(page), np.uint8)
    chosen[selection.chosen] = 1
    figures = np.empty(of.FIGURES)
    of.fill_figures(
        *(rows, selection.probability, chosen),
        *((level_2 | level_3 | (tags == _H4)).view(np.uint8), figures),
    )
    found: list[float] = figures.tolist()
    total, taken, blocks = found[of.TOTAL], found[of.TAKEN], found[of.BLOCKS]
    most = max(taken, 1)
    links = sum(page.links)
    path = path_of(url)[:_PATH]
    segments = [segment for segment in path.split("/") if segment]
    last = _SUFFIX.sub("", segments[-1][:300]) if segments else ""
    values: list[float] = [
        float(np.log1p(taken)),
        blocks,
        found[of.LONG_BLOCKS],
        taken / total,
        found[of.LONG_TAKEN] / max(found[of.LONG_TOTAL], 1),
        found[of.EXPECTED_TAKEN] / most,
        2 * found[of.EXPECTED_TAKEN] / max(taken + found[of.EXPECTED], 1),
        found[of.LONGEST],
        found[of.ENDED] / max(blocks, 1),
        found[of.LINKED] / total,
        links / total,
        total,
        len(page),
        links,
        int(np.count_nonzero(level_2)),
        int(np.count_nonzero(level_3)),
        found[of.LINKED_HEADINGS],
        page.tags.count("article"),
        not ARTICLES.isdisjoint(metadata.types),
        "article" in metadata.types or "article" in (metadata.og_type or ""),
        metadata.published_at is not None,
        bool(metadata.authors),
        len(segments),
        last.count("-") + last.count("_"),
        any(map(str.isdigit, path)),
        len(last),
        found[of.SIBLINGS],
        found[of.IN_LISTS] / total,
        found[of.EXPECTED],
        found[of.THREE_LONGEST] / most,
        found[of.WIDEST_GAP],
        found[of.LINKED_TAKEN] / most,
        float(np.log1p(found[of.SURE_WORDS])),
        found[of.IN_CARDS] / total,
        found[of.MOST_CARDS],
        float(rows[_GROUP][0]),
    ]
    return np.array([values], np.float32).T


def page_tokens(page: BlockList, url: str | None) -> set[str]:
    """The tokens of a page, each with a prefix that says where it is from.

    The prefixes: "." names of elements, "<" tags, "b:" names of the body element, "u:" words of the
    URL, "s:" words of short lines.
    """
    # Most elements of a page have the same names as others, so use each pair once.
    tokens = tokens_of_all(set(zip(page.tags, page.attributes, strict=True)))
    found = {"." + token for token in tokens}
    found.update(["<" + tag for tag in set(page.tags)])
    found.update("b:" + token for token in tokens_of("", page.attributes[0]))
    found.update("u:" + word for word in _WORD.findall(path_of(url)[:_PATH].lower()))
    found.update("s:" + word for word in _short_words(page))
    return found


def _short_words(page: BlockList) -> Iterator[str]:
    """The words of short lines."""
    for text in page.texts:
        # The start of a paragraph shows that it is no short line.
        if len(text) > _START and len(line_words(text[:_START])) > _LINE:
            continue
        words = line_words(text)
        if len(words) <= _LINE:
            yield from words
