"""One page -> its whole story.

Invariants:
    - The article and the rejection are those of `cleanwire.clean`, because the same functions make
      them. A test holds the two to each other.
    - An error of a step ends that step, and what earlier steps told is still given.
"""

import dataclasses
from collections.abc import Mapping

from cleanwire.clean import CLEANER, article_of, with_response
from cleanwire.errors import HttpError, NoArticle, PageRejected
from cleanwire.events import Article
from cleanwire.explain.as_it_came import Fetched, as_it_came
from cleanwire.explain.block_fates import blocks_of
from cleanwire.explain.explanation import (
    AsItCame,
    Explanation,
    Rejected,
    SignatureFacts,
    Step,
    shown,
)
from cleanwire.explain.kind_figures import kind_of_page
from cleanwire.explain.places import fields_of
from cleanwire.extract.extractor import (
    html_result,
    html_steps,
    text_result,
    text_steps,
)
from cleanwire.extract.model.page_kind import check_article
from cleanwire.extract.steps import HtmlSteps, TextSteps
from cleanwire.page.formats.raw_record import RawRecord, as_record
from cleanwire.page.formats.record_page import read_page, told_by
from cleanwire.page.raw_page import Content, check_status, decode
from cleanwire.similarity import minhash


def explain_page(  # noqa: PLR0913 - the arguments of `clean_page`
    body: str | bytes,
    *,
    url: str | None = None,
    content_type: str | None = None,
    fetched_at: str | None = None,
    headers: Mapping[str, str] | None = None,
    require_article: bool = True,
) -> Explanation:
    """Explain what cleaning makes of a page.

    Args:
        body: as for `clean_page`; the other arguments, too.
        url: where the page was fetched.
        content_type: the HTTP header.
        fetched_at: when the page was fetched.
        headers: the response headers.
        require_article: whether a page that is no article is rejected.

    Returns:
        The explanation; a page that gives no article has `rejected`.
    """
    page = Fetched(body, url, content_type, fetched_at, None, headers)
    try:
        content = decode(body, content_type)
    except PageRejected as error:
        return _without_content(page, error, "decode")
    return _explained(page, content, require_article=require_article)


def explain_event(
    value: bytes | RawRecord | None,
    *,
    max_page_bytes: int | None = None,
    require_article: bool = True,
) -> Explanation:
    """Explain what cleaning makes of a raw page in the form it has in Kafka.

    Args:
        value: as for `clean_event`.
        max_page_bytes: the largest body, in bytes; None for no limit.
        require_article: as for `explain_page`.

    Returns:
        The explanation. Of a page that is rejected for its HTTP status, what cleaning makes of its
        body otherwise.
    """
    record = as_record(value)
    try:
        raw = read_page(record, max_page_bytes=max_page_bytes)
    except PageRejected as error:
        return _of_event(record, error)
    refused: PageRejected | None = None
    try:
        check_status(raw.status)
    except HttpError as error:
        refused = error
    page = Fetched(raw.body, raw.url, raw.content_type, raw.fetched_at, raw.status, raw.headers)
    try:
        content = decode(raw.body, raw.content_type)
    except PageRejected as error:
        step: Step = "decode" if refused is None else "event"
        return _without_content(page, refused or error, step)
    explained = _explained(page, content, require_article=require_article)
    if refused is None:
        return explained
    return dataclasses.replace(
        explained,
        rejected=_rejected(refused, "event"),
        article=None,
        would_be=explained.article or explained.would_be,
    )


def _of_event(record: RawRecord, error: PageRejected) -> Explanation:
    """The explanation of a record that gives no page; what of it can be read is shown."""
    told = told_by(record)
    came = AsItCame(
        url=None if told.url is None else shown(told.url),
        fetched_at=None if told.fetched_at is None else shown(told.fetched_at),
        content_type=None if told.content_type is None else shown(told.content_type),
        status=told.status,
    )
    return Explanation(came=came, rejected=_rejected(error, "event"), cleaner=CLEANER)


def _without_content(page: Fetched, error: PageRejected, step: Step) -> Explanation:
    return Explanation(
        came=as_it_came(page, None), rejected=_rejected(error, step), cleaner=CLEANER
    )


def _explained(page: Fetched, content: Content, *, require_article: bool) -> Explanation:
    came = as_it_came(page, content)
    steps: HtmlSteps | TextSteps
    try:
        if content.kind == "html":
            steps = html_steps(content.utf8, url=page.url, fetched_at=page.fetched_at)
        else:
            steps = text_steps(content.text, fetched_at=page.fetched_at)
    except PageRejected as error:
        return Explanation(came=came, rejected=_rejected(error, "parse"), cleaner=CLEANER)
    rejected: Rejected | None = None
    if require_article:
        try:
            check_article(steps.evidence)
        except NoArticle as error:
            rejected = _rejected(error, "article")
    found = html_result(steps) if isinstance(steps, HtmlSteps) else text_result(steps)
    found = with_response(found, page.headers)
    article: Article | None = None
    try:
        article = article_of(found, page.body, content, url=page.url, fetched_at=page.fetched_at)
    except NoArticle as error:
        rejected = rejected or _rejected(error, "article")
    html = content.utf8 if content.kind == "html" else None
    return Explanation(
        came=came,
        rejected=rejected,
        cleaner=CLEANER,
        article=article if rejected is None else None,
        would_be=article if rejected is not None else None,
        signature=None if article is None else _signature(article),
        blocks=blocks_of(steps, html),
        fields=fields_of(
            found,
            steps,
            html,
            url=page.url,
            fetched_at=page.fetched_at,
            headers=page.headers,
        ),
        kind=kind_of_page(steps),
    )


def _rejected(error: PageRejected, step: Step) -> Rejected:
    return Rejected(reason=error.reason, detail=error.detail, step=step)


def _signature(article: Article) -> SignatureFacts:
    signature = minhash.Signature.unpack(article.signature)
    return SignatureFacts(
        version=minhash.VERSION,
        words=article.word_count,
        shingles=signature.shingles,
        sample=len(signature.sample),
        figures=len(signature.figures),
        digest=signature.digest.hex(),
    )
