"""Where an article that was cleaned again differs from the one that was published.

Invariant: only what cleaning makes is compared. What deciding adds (source, revision) is left out,
and so is the version of the cleaner, which is named beside the differences. Blocks are compared
where they were published with the article: on a topic of their own they are not looked up.
"""

import dataclasses

from cleanwire.events import Article

_NOT_COMPARED = frozenset({"cleaner", "text", "blocks", "signature"})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field whose value differs.

    Attributes:
        field: its name. For `text`, `word_diff.diff_words` shows where.
        published: what was published; of `text` and `blocks` only how much of it there is.
        now: what cleaning makes now.
    """

    field: str
    published: object
    now: object


def differences(now: Article, published: Article) -> tuple[Difference, ...]:
    """The fields in which two articles of one page differ, in the order of the schema.

    Args:
        now: the article of an explanation.
        published: the article as it stands on the topic.
    """
    found: list[Difference] = []
    for field in dataclasses.fields(Article):
        one, other = getattr(published, field.name), getattr(now, field.name)
        if field.name not in _NOT_COMPARED and one != other:
            found.append(Difference(field=field.name, published=one, now=other))
    if published.text != now.text:
        found.append(
            Difference(
                field="text",
                published=f"{len(published.text)} characters",
                now=f"{len(now.text)} characters",
            )
        )
    if published.blocks and published.blocks != now.blocks:
        found.append(
            Difference(
                field="blocks",
                published=f"{len(published.blocks)} blocks",
                now=f"{len(now.blocks)} blocks",
            )
        )
    return tuple(found)
