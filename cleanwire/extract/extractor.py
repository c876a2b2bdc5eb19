"""HTML or plain text -> title, byline, dates, language and body blocks.

Invariant: both kinds of page take the same steps. They become blocks (`dom/blocks.py`). The model
selects the blocks of the body (`model/select_blocks.py`). Boilerplate that shows by its shape is
removed (`body/boilerplate.py`). A brand that is glued to a headline is removed if two witnesses
agree (`body/brand.py`). A page that is no article is rejected (`model/page_kind.py`).
"""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cleanwire.events import PageDetails, TextBlock, details_of
from cleanwire.extract.body.assembly import assembled
from cleanwire.extract.body.boilerplate import is_breadcrumb, is_date_line
from cleanwire.extract.body.brand import unbrand
from cleanwire.extract.body.code import with_code
from cleanwire.extract.body.exclusions import exclude_blocks
from cleanwire.extract.body.streams import stream_share
from cleanwire.extract.body.structure import paragraphs_of
from cleanwire.extract.body.tables import with_whole_tables
from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.blocks import read_html, read_lines
from cleanwire.extract.dom.parsing import parsed
from cleanwire.extract.dom.text import ends_sentence, squeezed, words_in
from cleanwire.extract.dom.wraps import unwrapped_lines
from cleanwire.extract.language import language_of
from cleanwire.extract.metadata.authors.line_authors import (
    authors_at_end,
    authors_in_lines,
    in_full,
)
from cleanwire.extract.metadata.date_labels import dates_of, kind_of
from cleanwire.extract.metadata.dates import DateHints, find_date, latest_of
from cleanwire.extract.metadata.metadata import read_metadata, with_elements
from cleanwire.extract.metadata.start_lines import HEAD_LINES, StartLines
from cleanwire.extract.metadata.stories import lines_of
from cleanwire.extract.model.block_features import Hints
from cleanwire.extract.model.page_kind import Evidence, check_article, names_section
from cleanwire.extract.model.select_blocks import BlockSelection, hints_of, select_blocks
from cleanwire.extract.preparation import prepare
from cleanwire.extract.readings import FEW_WORDS, read_again
from cleanwire.extract.steps import HtmlSteps, Steps, TextSteps

if TYPE_CHECKING:
    from cleanwire.extract.body.rules import Rule

LIST_HEADING_WORDS = 4
"""A line of at most this many words may be the heading of a list."""

DOUBT = 0.75
"""Up to this mean probability a list at the end of a plain-text page is left out."""

_DATE_LINE_WORDS = 14
_MIN_JSONLD = 3.0
"""The body in the metadata is used if it has more than this many times the words of the page's
own."""
_PARAGRAPHS = re.compile(r"\n\s*\n")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Extracted(PageDetails):
    """What a page holds; the fields are those of `Article`."""

    title: str | None
    authors: tuple[str, ...] = ()
    published_at: str | None
    modified_at: str | None
    language: str | None
    declared_language: str | None = None
    blocks: tuple[TextBlock, ...]
    removed: Mapping[str, int]

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The texts of the blocks, one line each."""
        # Lines of code and rows with empty cells are not squeezed yet.
        return tuple(
            squeezed(block.text) if block.kind in ("code", "table-row") else block.text
            for block in self.blocks
        )


def extract_html(
    html: str | bytes,
    *,
    url: str | None = None,
    fetched_at: str | None = None,
    require_article: bool = True,
) -> Extracted:
    """Extract an HTML page.

    Args:
        html: the page, decoded, or in UTF-8.
        url: where the page was fetched.
        fetched_at: when it was fetched (RFC 3339); a date more than a day later is no date of the
            page.
        require_article: whether a page that is no article is rejected.

    Raises:
        NoArticle: the page is a home page, a link list, an error page, or has no body.
        TooLarge: the page is nested too deep, or has too many attributes, elements or blocks.
    """
    steps = html_steps(html, url=url, fetched_at=fetched_at)
    if require_article:
        check_article(steps.evidence)
    return html_result(steps)


def html_steps(
    html: str | bytes, *, url: str | None = None, fetched_at: str | None = None
) -> HtmlSteps:
    """Take the steps of `extract_html` up to the question whether the page is an article.

    Args:
        html: as for `extract_html`.
        url: as for `extract_html`.
        fetched_at: as for `extract_html`.

    Raises:
        TooLarge: as for `extract_html`.
    """
    tree = parsed(html)
    prepared = prepare(tree)
    sheet = prepared.sheet
    metadata = read_metadata(tree, url, latest=latest_of(fetched_at), nodes=prepared.nodes)
    hints = hints_of(metadata)
    navigation = [*prepared.nodes["nav"], *prepared.nodes["footer"]]
    page = read_html(tree, sheet=sheet, navigation=navigation)
    selection = select_blocks(page, hints)
    page, selection, reading = read_again(html, page, selection, sheet, hints)
    by_model = selection
    judged, rules = exclude_blocks(page, selection, sheet, metadata)
    selection = with_code(page, judged, sheet, rules)
    selection = with_whole_tables(page, selection, sheet, rules)
    metadata = with_elements(metadata, tree, page, url)
    blocks, words, removed = assembled(page, selection, metadata.title, rules)
    body = metadata.article_body
    only_in_jsonld = False
    if body and words_in(body) > _MIN_JSONLD * words:
        unmarked = paragraphs_of(lines_of(body))
        count = sum(words_in(block.text) for block in unmarked)
        # If a live blog shows its story, the entries in its metadata are no story that the page
        # hides.
        shows_story = metadata.is_live and words >= 2 * FEW_WORDS
        only_in_jsonld = count > _MIN_JSONLD * words and not shows_story
        blocks, words = (unmarked, count) if only_in_jsonld else (blocks, words)
    first = selection.chosen[0] if selection.chosen else len(page)
    head = page.texts[max(0, first - HEAD_LINES) : first]
    other_titles = [*metadata.headings]
    if metadata.document_title:
        other_titles.append(metadata.document_title)
    unbranded = unbrand(
        metadata.title,
        [block.text for block in blocks],
        other_titles=other_titles,
        lines=[*head, *other_titles],
        page=page.texts[: (selection.chosen or [first])[-1] + 1],
        keywords=metadata.keywords,
    )
    return HtmlSteps(
        page=page,
        reading=reading,
        by_model=by_model,
        selection=selection,
        rules=rules,
        blocks=blocks,
        removed=removed,
        only_in_jsonld=only_in_jsonld,
        title=metadata.title,
        unbranded=unbranded,
        first=first,
        metadata=metadata,
        evidence=Evidence(
            page=page,
            # What kinds of pages look like was learned from what the model chooses.
            selection=judged,
            words=words,
            titles=(unbranded.title, metadata.document_title),
            dated=bool(metadata.published_at or metadata.authors),
            stream_share=stream_share(page, judged) if names_section(url) else 0.0,
            metadata=None if only_in_jsonld else metadata,
            url=url,
        ),
    )


def html_result(steps: HtmlSteps) -> Extracted:
    """What an HTML page holds, by the steps that were taken."""
    page, selection, metadata = steps.page, steps.selection, steps.metadata
    unbranded, first = steps.unbranded, steps.first
    near = StartLines(page, selection.chosen, first, metadata.title)
    language = language_of(" ".join(unbranded.paragraphs), metadata.language)
    published_at, modified_at = metadata.published_at, metadata.modified_at
    if not published_at:
        dates = dataclasses.replace(metadata.dates, language=metadata.dates.language or language)
        # Captions and sentences, which have dates too, are among the first blocks.
        for read, only_date_lines in (
            (near.above, False),
            (near.top, True),
            (near.gap, True),
            (near.dateline, False),
            (near.below_title, False),
            (near.after, False),
        ):
            lines = read()
            if only_date_lines:
                lines = [text for text in lines if is_date_line(text) or kind_of(text)]
            published_at, modified = dates_of(lines, dates, words=_DATE_LINE_WORDS)
            modified_at = modified_at or modified
            if published_at or modified:
                break
    authors = () if metadata.are_unseen else metadata.authors
    if not authors or any(" " not in name for name in authors):
        written = authors_in_lines(near.byline(), metadata.not_names, language=language)
        authors = in_full(authors, written) if authors else written
    return Extracted(
        title=unbranded.title,
        authors=authors
        or authors_at_end(near.end(), metadata.not_names)
        or metadata.authors
        or metadata.organisations,
        published_at=published_at or metadata.doubtful_at,
        modified_at=modified_at,
        language=language,
        declared_language=metadata.language,
        blocks=_unbranded(steps),
        removed=dict(steps.removed),
        **details_of(metadata),
    )


def extract_text(
    text: str,
    *,
    url: str | None = None,
    fetched_at: str | None = None,
    require_article: bool = True,
) -> Extracted:
    """Extract a page that was flattened to lines.

    Args:
        text: the lines; hard-wrapped paragraphs are joined if blank lines separate them.
        url: not used; the signature is that of `extract_html`.
        fetched_at: as for `extract_html`.
        require_article: whether a page that is no article is rejected.

    Raises:
        NoArticle: as for `extract_html`.
    """
    del url
    steps = text_steps(text, fetched_at=fetched_at)
    if require_article:
        check_article(steps.evidence)
    return text_result(steps)


def text_steps(text: str, *, fetched_at: str | None = None) -> TextSteps:
    """Take the steps of `extract_text` up to the question whether the page is an article."""
    page = read_lines(_lines(text))
    selection = by_model = select_blocks(page, Hints())
    rules: dict[int, Rule] = {}
    first = next((index for index in selection.chosen if _is_prose(page.texts[index])), len(page))
    head = page.texts[:first][-HEAD_LINES:]
    title = _title_line(head)
    kept = _without_list(page, selection)
    rules.update(dict.fromkeys(selection.chosen[len(kept) :], "list at the end"))
    selection = dataclasses.replace(selection, chosen=kept)
    if title is not None:
        # A line above the headline is no body, whatever its probability.
        start = page.texts.index(title, max(0, first - HEAD_LINES))
        below = [index for index in kept if index >= start]
        rules.update(dict.fromkeys(kept[: len(kept) - len(below)], "above the title"))
        selection = dataclasses.replace(selection, chosen=below)
    blocks, words, removed = assembled(page, selection, title, rules)
    unbranded = unbrand(
        title,
        [block.text for block in blocks],
        lines=page.texts[: first + 1][-HEAD_LINES:],
        page=page.texts[: (selection.chosen or [first])[-1] + 1],
    )
    language = language_of(" ".join(unbranded.paragraphs), None)
    hints = DateHints(language=language, latest=latest_of(fetched_at))
    published_at, modified_at = dates_of(head, hints, words=_DATE_LINE_WORDS)
    return TextSteps(
        page=page,
        by_model=by_model,
        selection=selection,
        rules=rules,
        blocks=blocks,
        removed=removed,
        title=title,
        unbranded=unbranded,
        first=first,
        evidence=Evidence(
            page=page,
            selection=selection,
            words=words,
            titles=(unbranded.title,),
            dated=published_at is not None,
            metadata=None,
            url=None,
        ),
        language=language,
        published_at=published_at,
        modified_at=modified_at,
    )


def text_result(steps: TextSteps) -> Extracted:
    """What a plain-text page holds, by the steps that were taken."""
    return Extracted(
        title=steps.unbranded.title,
        published_at=steps.published_at,
        modified_at=steps.modified_at,
        language=steps.language,
        blocks=_unbranded(steps),
        removed=dict(steps.removed),
    )


def _unbranded(steps: Steps) -> tuple[TextBlock, ...]:
    """The blocks with the texts that are left once the glued brand was removed."""
    unbranded = steps.unbranded
    if not unbranded.removed:
        return tuple(steps.blocks)
    steps.removed["brand"] = unbranded.removed
    return tuple(
        dataclasses.replace(block, text=text)
        for block, text in zip(steps.blocks, unbranded.paragraphs, strict=True)
    )


def _lines(text: str) -> list[str]:
    """The lines of a page; a hard-wrapped paragraph becomes one line."""
    lines = text.splitlines()
    blocks = _PARAGRAPHS.split(text.strip())
    filled = [line for line in lines if line.strip()]
    longest = max(map(len, filled), default=0)
    wrapped = (
        len(blocks) > 1
        and longest <= 100  # noqa: PLR2004 - a terminal's or a mail's width
        and len(filled) >= 2 * len(blocks)
    )
    if wrapped:
        return [" ".join(block.split()) for block in blocks]
    return unwrapped_lines(lines)


def _without_list(page: BlockList, selection: BlockSelection) -> list[int]:
    """The chosen lines without a list at their end: a short heading, then lines that are no prose.

    The list is left out only if the model was in doubt, because tables and results end a story too.
    """
    chosen = selection.chosen
    end = len(chosen)
    while end and not _is_prose(page.texts[chosen[end - 1]]):
        end -= 1
    tail = chosen[end:]
    if not tail or float(selection.probability[tail].mean()) > DOUBT:
        return chosen
    for rank, index in enumerate(tail):
        if words_in(page.texts[index]) <= LIST_HEADING_WORDS and len(tail) - rank > 2:  # noqa: PLR2004 - two items make a list
            return chosen[: end + rank]
    return chosen


def _is_prose(text: str) -> bool:
    """Whether a line is long and ends as a sentence does, or is longer than a headline."""
    words = words_in(text)
    return (words >= 5 and ends_sentence(text)) or words >= 24  # noqa: PLR2004 - a short sentence, a long headline


def _title_line(head: Sequence[str]) -> str | None:
    """The title above the story: a line that another line repeats, else the longest."""
    candidates = [
        line
        for line in head
        if len(line.split()) > 1 or words_in(line) > 2  # noqa: PLR2004 - a word is a section
    ]
    for line in candidates:
        if words_in(line) > 2 and any(other is not line and line in other for other in head):  # noqa: PLR2004 - a word is a section
            return line
    plain = [line for line in candidates if not is_breadcrumb(line) and find_date(line) is None]
    return max(plain, key=words_in, default=None)
