"""One page -> one article, or the reason why there is none.

Invariant: the answer is a function of the page alone. No state passes from one page to the next, so
pages can be cleaned anywhere, in any order, and again.
"""

import dataclasses
import importlib.metadata
from collections.abc import Mapping

from cleanwire import urls
from cleanwire.errors import NoArticle
from cleanwire.events import Article, RawPage, details_of
from cleanwire.extract import Extracted, extract_html, extract_text
from cleanwire.extract.metadata.robots import joined, rules_in_header
from cleanwire.page.formats.raw_record import RawRecord, as_record
from cleanwire.page.formats.record_page import parse_record
from cleanwire.page.raw_page import Content, decode
from cleanwire.similarity import minhash

try:
    CLEANER = f"cleanwire/{importlib.metadata.version('cleanwire')}"
except importlib.metadata.PackageNotFoundError:
    CLEANER = "cleanwire/unknown"
"""The `cleaner` of every article: the name and version of this package."""


def clean_page(  # noqa: PLR0913 - what is known of a fetch, each by its name
    body: str | bytes,
    *,
    url: str | None = None,
    content_type: str | None = None,
    fetched_at: str | None = None,
    headers: Mapping[str, str] | None = None,
    require_article: bool = True,
) -> Article:
    """Clean one page.

    Args:
        body: HTML or plain text; bytes are decoded by BOM, `content_type`, meta or detection.
        url: where the page was fetched; links are made absolute against it.
        content_type: the HTTP header, with or without a charset.
        fetched_at: RFC 3339. Together with `url` and `body` it makes the article's id. A date more
            than a day later than it is no date of the page.
        headers: the response headers; only X-Robots-Tag is read.
        require_article: whether to reject a page that is no article (a home page, a list, a shop's
            page). If not, only a page without a word is rejected.

    Returns:
        The article; `url` and `fetched_at` are empty if they were not given.

    Raises:
        PageRejected: a subclass of it (`cleanwire.errors`) says why there is no article.
    """
    content = decode(body, content_type)
    if content.kind == "html":
        found = extract_html(
            content.utf8, url=url, fetched_at=fetched_at, require_article=require_article
        )
    else:
        found = extract_text(
            content.text, url=url, fetched_at=fetched_at, require_article=require_article
        )
    found = with_response(found, headers)
    return article_of(found, body, content, url=url, fetched_at=fetched_at)


def with_response(found: Extracted, headers: Mapping[str, str] | None) -> Extracted:
    """What a page holds, with what its response headers say of it in front.

    Args:
        found: what the page holds.
        headers: as for `clean_page`.
    """
    robots = rules_in_header(headers)
    return dataclasses.replace(found, robots=joined(robots, found.robots)) if robots else found


def article_of(
    found: Extracted,
    body: str | bytes,
    content: Content,
    *,
    url: str | None,
    fetched_at: str | None,
) -> Article:
    """The article of a page that was extracted.

    Args:
        found: what the page holds.
        body: the page as `clean_page` takes it.
        content: the decoded page.
        url: as for `clean_page`.
        fetched_at: as for `clean_page`.

    Raises:
        NoArticle: the body has no word in it.
    """
    text = "\n\n".join(found.paragraphs)
    signature, words = minhash.sign(text)
    if not signature.shingles:
        raise NoArticle("the body has no word in it")
    data = content.utf8 if content.text is body else body
    return Article(
        id=urls.article_id(url or "", fetched_at or "", data),
        url=url or "",
        site=urls.site_of(url) if url else None,
        title=found.title,
        authors=found.authors,
        published_at=found.published_at,
        modified_at=found.modified_at,
        language=found.language,
        text=text,
        word_count=words,
        fetched_at=fetched_at or "",
        signature=signature.pack(),
        removed=found.removed,
        cleaner=CLEANER,
        declared_language=found.declared_language,
        blocks=found.blocks,
        **details_of(found),
    )


def clean_raw_page(page: RawPage, *, require_article: bool = True) -> Article:
    """Clean the page of a raw-page event, as `clean_page` does.

    Raises:
        PageRejected: as for `clean_page`.
    """
    return clean_page(
        page.body,
        url=page.url,
        content_type=page.content_type,
        fetched_at=page.fetched_at,
        headers=page.headers,
        require_article=require_article,
    )


def clean_event(
    value: bytes | RawRecord | None,
    *,
    max_page_bytes: int | None = None,
    require_article: bool = True,
) -> Article:
    """Clean one raw page in the form it has in Kafka.

    Args:
        value: the record, in any of the formats; or the value alone of a raw-page event, JSON.
        max_page_bytes: the largest body, in bytes; None for no limit.
        require_article: as for `clean_page`.

    Raises:
        PageRejected: as for `clean_page`, and for a record that does not follow its format.
    """
    page = parse_record(as_record(value), max_page_bytes=max_page_bytes)
    return clean_raw_page(page, require_article=require_article)
