"""What an explanation of a page holds.

Invariants:
    - Lists and texts are bounded by the constants here; what was left out is counted. The one
      exception is the article, which is whole, because it is what would be published.
    - Every text is one line without characters that cannot be seen, so UTF-8 can write it.
"""

import dataclasses
from collections.abc import Mapping
from typing import Literal

from cleanwire.events import Article
from cleanwire.extract.dom.text import squeezed
from cleanwire.extract.steps import Reading

MOST_BLOCKS = 2000
"""How many blocks of a page are listed."""

MOST_BLOCK_CHARACTERS = 2000
"""How many characters of a block are shown."""

MOST_CHARACTERS = 400_000
"""How many characters of all blocks together are shown."""

MOST_PLACES = 20
"""How many places are listed for a metadata field."""

MOST_SAID = 300
"""How many characters of a witness, a path or a header are shown."""

MOST_URL = 2000
"""How many characters of a URL are shown."""

MOST_ELEMENTS = 200
"""How many elements that are never visible are listed."""

CUT = "…"

Step = Literal["event", "decode", "parse", "article", "process"]
"""At which step a page was rejected: its event could not be used, its bytes gave no text, its HTML
is too large, it is no article, or its process was ended or died."""

Fate = Literal["body", "out"]


def shown(text: str, most: int = MOST_SAID) -> str:
    """A text as an explanation shows it: one line, cut to a length."""
    line = squeezed(text[: 2 * most])
    return line if len(line) <= most and len(text) <= 2 * most else line[: most - 1] + CUT


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AsItCame:
    """A page before anything was done with it.

    Attributes:
        url: where the page was fetched; None if it is unknown.
        fetched_at: when the page was fetched; None if it is unknown.
        status: the HTTP status; None if it is unknown.
        size: bytes of the body; of a body that came as text, bytes of its UTF-8. None if the event
            has no body that can be read.
        content_type: the HTTP header; None if there is none.
        kind: whether the page is HTML or plain text; None if it was rejected before that was told.
        charset: the WHATWG name of the charset; None if the body came as text or was not decoded.
        charset_by: who declared that charset: `BOM`, `the bytes`, `header`, `meta`, `detection`, or
            `event` for a body that came as text. None if the body was not decoded.
        declared: what each witness declares, by its name: `BOM`, `header`, `meta`.
    """

    url: str | None = None
    fetched_at: str | None = None
    status: int | None = None
    size: int | None = None
    content_type: str | None = None
    kind: Literal["html", "text"] | None = None
    charset: str | None = None
    charset_by: str | None = None
    declared: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of a page and what became of it.

    Attributes:
        number: the place of the block among the blocks that were read; None for a block that was
            left out before that.
        text: its text, cut to `MOST_BLOCK_CHARACTERS`.
        words: about how many words it has.
        path: the elements around it, the innermost last, with their ids and classes. Empty for a
            plain-text page.
        linked: the share of its text in links, 0 to 1.
        probability: the probability that it is content, as the model gave it; None if the model did
            not see the block.
        fate: `body` if the text is part of the body, else `out`.
        by: who decided. `model` is the model's choice of the blocks with the greatest expected F1.
            `model again` is that choice after a rule took other blocks out. `navigation` is a block
            in `nav` or `footer`, which is not read. `JSON-LD` means that the body comes from the
            page's data. Every other word is a rule (`cleanwire.extract.body.rules`).
        looks_like: of a block that is out, what its shape says: `breadcrumb`, `link`, `separator`,
            `counter` or `other`.
    """

    number: int | None
    text: str
    words: int
    path: str
    linked: float
    probability: float | None
    fate: Fate
    by: str
    looks_like: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """An element that is never read, because browsers do not show it as text of the page.

    Attributes:
        tag: its name.
        path: the elements around it.
        text: what it holds.
    """

    tag: str
    path: str
    text: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """A brand that was removed from the title and the text.

    Attributes:
        brand: what was removed.
        first_witness: where the brand was seen first.
        second_witness: what confirmed it.
        title_before: the title with the brand.
        title: the title without it.
        places: in how many places it stood.
        paragraphs: the numbers of the changed paragraphs, from 0.
    """

    brand: str
    first_witness: str
    second_witness: str
    title_before: str
    title: str
    places: int
    paragraphs: tuple[int, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """The blocks of a page.

    Attributes:
        listed: the blocks in document order.
        left_out: how many more there are.
        reading: how the page was read.
        from_data: whether the body comes from the page's JSON-LD, because the page shows none.
        expected_f1: the expected F1 of the model's choice, 0 to 1; None if there is none.
        least_probability: the least probability among the blocks that the model chose.
        removed: how many blocks or passages were removed, by kind, as the article counts them.
        brand: the brand that was removed; None if there was none.
        unseen: elements that are never read, with some text.
        unseen_counts: how many elements were never read, by tag.
    """

    listed: tuple[Block, ...]
    left_out: int
    reading: Reading
    from_data: bool
    expected_f1: float | None
    least_probability: float | None
    removed: Mapping[str, int]
    brand: Brand | None
    unseen: tuple[Unseen, ...]
    unseen_counts: Mapping[str, int]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What one witness says of a field.

    Attributes:
        where: the place on the page, such as `meta og:title` or `JSON-LD NewsArticle.headline`.
        said: what stands there.
        stands: `used` for the first place whose value is the article's, `agrees` for other places
            with that value, `differs` for a place with another value.
    """

    where: str
    said: str
    stands: Literal["used", "agrees", "differs"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A metadata field of the article, and where its value stood.

    Attributes:
        name: the field.
        value: what the article has; None if the page does not tell.
        places: what the witnesses say, the surest first.
        left_out: how many more there are.
    """

    name: str
    value: str | tuple[str, ...] | bool | None
    places: tuple[Place, ...]
    left_out: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """A figure that alone could turn the decision whether a page is an article.

    Attributes:
        feature: its name.
        value: what the page has.
        needed: a value that would turn the decision.
        probability: the probability with that value.
    """

    feature: str
    value: float
    needed: float
    probability: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """The figures of the decision whether a page is an article.

    Attributes:
        words: how many words the body has.
        fewest_words: a body of fewer is rejected.
        short: a body of fewer words is judged by the page around it, too.
        linked_words: about how many words stand in links.
        most_linked_words: a short body without date and author is rejected above it.
        dated: whether the page has a date or an author.
        stream_share: the share of the body's words that are in streams of teasers, 0 to 1; 0 if the
            address of the page does not name a section.
        least_stream_share: from this share on a page is rejected.
        links: how many links the page has outside its navigation; None if the model was not asked.
        fewest_links: a page with fewer is an article.
        first: the probability of the first forest; None if it was not asked.
        sure: from this probability on the first forest decides alone.
        second: the probability of the second forest; None if it was not asked.
        threshold: the least probability of an article in the second forest.
        token_weight: the sum of the weights of the page's tokens; None if they were not looked up.
        tokens: the tokens that weigh most, with their weights; negative is against an article.
        features: what the first forest saw, by name.
        levers: what alone could turn the decision, the figure that comes nearest to it or passes it
            by most first.
    """

    words: int
    fewest_words: int
    short: int
    linked_words: int
    most_linked_words: float
    dated: bool
    stream_share: float
    least_stream_share: float
    links: int | None = None
    fewest_links: int
    first: float | None = None
    sure: float
    second: float | None = None
    threshold: float
    token_weight: float | None = None
    tokens: tuple[tuple[str, float], ...] = ()
    features: Mapping[str, float] = dataclasses.field(default_factory=dict)
    levers: tuple[Lever, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """Why a page gives no article.

    Attributes:
        reason: the reason, as `cleanwire.errors` names it.
        detail: one line that names the fault.
        step: the step that rejected the page.
    """

    reason: str
    detail: str
    step: Step


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SignatureFacts:
    """What near-duplicates of an article are found by.

    Attributes:
        version: the version of the signature.
        words: how many words the text has.
        shingles: how many distinct shingles.
        sample: how many of their hashes are in the sample.
        figures: how many figures the signature keeps.
        digest: the digest of the words, in hex.
    """

    version: int
    words: int
    shingles: int
    sample: int
    figures: int
    digest: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One page's whole story.

    Attributes:
        came: the page as it came.
        rejected: why it gives no article; None if it gives one.
        article: the article; None if the page is rejected.
        would_be: of a page that is rejected only because it is no article, what cleaning makes of
            it otherwise.
        signature: of `article` or `would_be`.
        blocks: the blocks; None if the page could not be parsed.
        fields: the metadata; empty if the page could not be parsed.
        kind: the figures of the decision whether it is an article; None if the page could not be
            parsed.
        cleaner: the version that explains.
    """

    came: AsItCame
    rejected: Rejected | None
    cleaner: str
    article: Article | None = None
    would_be: Article | None = None
    signature: SignatureFacts | None = None
    blocks: Blocks | None = None
    fields: tuple[Field, ...] = ()
    kind: Kind | None = None
