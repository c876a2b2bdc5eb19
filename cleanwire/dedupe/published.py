"""A published article, whole or without its details.

Invariant: an article and its details hold together what the whole article holds, under the same
names. The text is never among the details, so a reader of articles alone has every story.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from cleanwire.events import ArticleDetails, CleanArticle

DETAILS = ("signature", "blocks")
"""The members that only the details have where an article is published in two parts."""


def details_of(article: CleanArticle) -> ArticleDetails:
    """The details of an article."""
    return ArticleDetails(**{name: getattr(article, name) for name in _OF_DETAILS})


def without_details(article: CleanArticle) -> dict[str, Any]:
    """The members of an article without those of `DETAILS`, in the order of the schema."""
    return {name: getattr(article, name) for name in _OF_ARTICLE}


def joined(event: Mapping[str, Any], details: Mapping[str, Any] | None) -> dict[str, Any]:
    """An event of the topic of clean articles, whole: with its details if it came without them.

    Args:
        event: the event as JSON has it, in either form.
        details: the event of the same key on the topic of details; None if there is none.
    """
    lacking = {name: details[name] for name in DETAILS if details and name not in event}
    return {**event, **lacking}


_OF_DETAILS = tuple(field.name for field in dataclasses.fields(ArticleDetails))
_OF_ARTICLE = tuple(
    field.name for field in dataclasses.fields(CleanArticle) if field.name not in DETAILS
)
