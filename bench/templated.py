"""Stories written from templates, and syndicated copies of them, with known clusters.

Invariant: every text follows from its seed alone, and every sentence is from `templates/`, where it
was written for this purpose. Two stories share at most their template. A copy shares whole passages
with its story.

    python bench/templated.py                       all families, what is lost and what is found
    python bench/templated.py --seed 7 --table      by family and language

A template is a choice of sentences with slots: an undertaker's obituary, a company's standing
paragraph. A story fills the slots. A copy is the story with passages cut, added or replaced, under
another site's headline.
"""

import argparse
import collections
import dataclasses
import functools
import random
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
LANGUAGES = ("en", "de", "es", "hi")
FAMILIES = (
    "obituary",
    "match",
    "job",
    "court",
    "weather",
    "earnings",
    "press",
    "property",
    "police",
    "event",
)
FITTED = ("obituary", "match", "press", "weather", "property")
"""The families on which thresholds may be chosen; the others judge them."""

STORIES = 25
"""Stories of each family and language, which makes a thousand in all."""

TEMPLATES = 6
"""Templates of each family and language."""

HOUSE = 0.4
"""The share of templates that end with standing sentences of their publisher."""

SOON = 0.02
"""A copy follows its story within this share of the stream."""

LONG = 120
"""Words from which on a text gets more around it than one headline."""

_SLOT = re.compile(r"\{([A-Za-z]+)(\d*)\}")
_DIGITS = {"hi": str.maketrans("0123456789", "०१२३४५६७८९")}
_RANGES = {
    "age": (60, 99),
    "born": (1925, 1965),
    "day": (1, 28),
    "g": (2, 6),
    "h": (8, 20),
    "n": (2, 99),
    "year": (1950, 2026),
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text of a stream.

    Attributes:
        id: the text's own id.
        cluster: the id of its story; texts of one cluster are copies of one another.
        family: the family of its template.
        language: the language's code in ISO 639.
        kind: `story`, or how a copy was made.
        text: the body.
    """

    id: str
    cluster: str
    family: str
    language: str
    kind: str
    text: str


@functools.cache
def _parts(language: str) -> dict[str, list[str]]:
    """The sections of a language's file, by name."""
    parts: dict[str, list[str]] = {}
    lines = (HERE / "templates" / f"{language}.txt").read_text("utf-8").splitlines()
    for line in lines[1:]:
        if line.startswith("["):
            parts[line[1:-1]] = []
        else:
            parts[list(parts)[-1]].append(line)
    return parts


@functools.cache
def _words(language: str) -> dict[str, list[str]]:
    """The words to draw from, for each kind of slot that holds words."""
    words = {}
    for line in _parts(language)["words"]:
        name, _, values = line.partition(": ")
        words[name] = values.split("|") if "|" in values else values.split(" ")
    # "Rovers:Kelmouth" becomes "Kelmouth Rovers".
    words["team"] = [" ".join(reversed(team.split(":"))) for team in words["team"]]
    return words


def _number(kind: str, draw: random.Random) -> str:
    if kind == "d":
        return f"{draw.uniform(0.1, 90):.1f}"
    if kind == "k":
        return f"{draw.randint(1000, 99_999):,}"
    return str(draw.randint(*_RANGES[kind]))


@dataclasses.dataclass(slots=True)
class _Filling:
    """The values of slots. Slots in upper case are the template's, in lower case the story's."""

    language: str
    draw: random.Random
    values: dict[str, str] = dataclasses.field(default_factory=dict)

    def fill(self, sentence: str, fixed: "_Filling") -> str:
        """A sentence with its slots filled; `fixed` fills those in upper case."""

        def value(slot: re.Match[str]) -> str:
            of = fixed if slot[1].isupper() else self
            return of.value(slot[1].lower(), slot[2])

        return _SLOT.sub(value, sentence)

    def value(self, kind: str, number: str = "") -> str:
        """The value of a slot; it is drawn when it is first needed."""
        name = kind + number
        if name not in self.values:
            words = _words(self.language).get(kind)
            if words is None:
                made = _number(kind, self.draw).translate(_DIGITS.get(self.language, {}))
            else:
                # Two slots of one text never have the same value.
                taken = set(self.values.values())
                made = self.draw.choice([word for word in words if word not in taken] or words)
            self.values[name] = made
        return self.values[name]


@dataclasses.dataclass(slots=True)
class _Template:
    """A choice of sentences, and the values that all stories made from them share."""

    family: str
    language: str
    sentences: list[str]
    fixed: _Filling

    def story(self, draw: random.Random, news: str) -> list[str]:
        """The sentences of a story."""
        filling = _Filling(self.language, draw)
        own = [*re.split(r"(?<=[.।]) ", news)] if news else []
        if self.family != "press":
            return [filling.fill(sentence, self.fixed) for sentence in self.sentences]
        # The standing paragraph is the company's, so no slot in it is the story's.
        standing = [self.fixed.fill(sentence, self.fixed) for sentence in self.sentences]
        # The company of the release is that of its standing paragraph.
        self.fixed.value("firm")
        return [filling.fill(sentence, self.fixed) for sentence in own] + standing


def _template(family: str, language: str, draw: random.Random) -> _Template:
    """A template of 60 to 400 words: sentences of its family, and some of its publisher."""
    parts = _parts(language)
    pool = parts[family]
    chosen = set(draw.sample(range(1, len(pool)), draw.randint(3, len(pool) - 1)))
    sentences = [sentence for at, sentence in enumerate(pool) if at == 0 or at in chosen]
    if draw.random() < HOUSE:
        house = parts["standing"]
        sentences += draw.sample(house, draw.randint(1, len(house) - 2))
    return _Template(family, language, sentences, _Filling(language, draw))


def _text(sentences: Sequence[str], draw: random.Random) -> str:
    """Join sentences into paragraphs."""
    paragraphs: list[str] = []
    rest = list(sentences)
    while rest:
        size = draw.randint(1, 3)
        paragraphs.append(" ".join(rest[:size]))
        rest = rest[size:]
    return "\n\n".join(paragraphs)


def _cut(story: list[str], draw: random.Random, language: str) -> list[str]:
    """Leave out one or two passages, at most three sentences in ten."""
    del language
    left = max(1, int(len(story) * draw.uniform(0.1, 0.3)))
    kept = list(story)
    for _ in range(draw.randint(1, 2)):
        size = min(left, draw.randint(1, left)) if left else 0
        start = draw.randint(0, len(kept) - size)
        del kept[start : start + size]
        left -= size
    return kept


def _add(story: list[str], draw: random.Random, language: str) -> list[str]:
    """Add sentences of the other site before, between and after the story's."""
    parts = _parts(language)
    more = list(story)
    for sentence in draw.sample(parts["added"], draw.randint(1, max(1, len(story) // 4))):
        more.insert(draw.randint(0, len(more)), sentence)
    return more


def _replace(story: list[str], draw: random.Random, language: str) -> list[str]:
    """Replace a passage of up to a fifth of the sentences with another one."""
    size = max(1, int(len(story) * draw.uniform(0.1, 0.2)))
    start = draw.randint(0, len(story) - size)
    other = draw.sample(_parts(language)["added"], size)
    return [*story[:start], *other, *story[start + size :]]


def _mixed(story: list[str], draw: random.Random, language: str) -> list[str]:
    """Leave out passages, and add others."""
    return _add(_cut(story, draw, language), draw, language)


_OPERATORS: dict[str, Callable[[list[str], random.Random, str], list[str]]] = {
    "cut": _cut,
    "added": _add,
    "replaced": _replace,
    "cut and added": _mixed,
}


def _framed(text: str, draw: random.Random, language: str) -> str:
    """A text as a site has it: under a headline; a long one also with a line at its end."""
    lines = _parts(language)["headline"]
    filling = _Filling(language, draw)
    most = len(text.split()) // LONG
    head = [filling.fill(line, filling) for line in draw.sample(lines, 1 + min(1, most))]
    tail = draw.sample(_parts(language)["added"], draw.randint(0, min(1, most)))
    return "\n\n".join([*head, text, *tail])


def stream(
    seed: int,
    *,
    stories: int = STORIES,
    families: Iterable[str] = FAMILIES,
    languages: Iterable[str] = LANGUAGES,
) -> list[Text]:
    """A stream of stories and their copies, in which a copy comes after its story.

    Args:
        seed: of everything that is drawn.
        stories: how many stories each family has in each language.
        families: the families to use.
        languages: the languages to use.
    """
    texts: list[Text] = []
    for family in families:
        for language in languages:
            texts += _of(family, language, seed, stories)
    order = _draw("order", seed)
    # The stories of all families are mixed; a copy keeps its distance to its story.
    places = {text.cluster: order.random() for text in texts if text.kind == "story"}
    later = {text.id: 0.0 if text.kind == "story" else order.uniform(0, SOON) for text in texts}
    return sorted(texts, key=lambda text: (places[text.cluster] + later[text.id], text.id))


def _draw(*seed: object) -> random.Random:
    return random.Random(repr(seed))  # noqa: S311 - the same texts are wanted again


def _of(family: str, language: str, seed: int, stories: int) -> Iterator[Text]:
    draw = _draw(family, language, seed)
    templates = [_template(family, language, draw) for _ in range(TEMPLATES)]
    news = _parts(language).get(f"{family} news", [""])
    turns = [draw.sample(news, len(news)) for _ in templates]
    for number in range(stories):
        which = number % TEMPLATES
        told = turns[which][number // TEMPLATES % len(news)]
        if news != [""] and number // TEMPLATES >= len(news):
            # This company has no news left, so another company takes its turn.
            templates[which] = _template(family, language, draw)
            turns[which] = draw.sample(news, len(news))
            told = turns[which][0]
        story = templates[which].story(draw, told)
        cluster = f"{family}-{language}-{number}"
        made = Text(
            id=f"{cluster}.0",
            cluster=cluster,
            family=family,
            language=language,
            kind="story",
            text=_framed(_text(story, draw), draw, language),
        )
        yield made
        for copy in range(draw.choice([0, 0, 1, 1, 2])):
            kind = draw.choice(list(_OPERATORS))
            text = _text(_OPERATORS[kind](story, draw, language), draw)
            yield dataclasses.replace(
                made,
                id=f"{cluster}.{copy + 1}",
                kind=kind,
                text=_framed(text, draw, language),
            )


@dataclasses.dataclass(slots=True)
class Count:
    """Counts of a part of the stream: stories, lost ones, copies, and found ones."""

    stories: int = 0
    lost: int = 0
    copies: int = 0
    found: int = 0

    def __str__(self) -> str:
        lost = 1000 * self.lost / max(1, self.stories)
        found = self.found / max(1, self.copies)
        return (
            f"{self.stories:5} stories, {lost:5.1f} of 1,000 lost; "
            f"{self.copies:5} copies, {found:.3f} found"
        )


def judge(texts: Sequence[Text], part: Callable[[Text], str]) -> dict[str, Count]:
    """Count what `cleanwire.Deduper` does to a stream, by the parts of the stream.

    A story is lost if no text of its cluster is published. A copy is found if it is a duplicate of
    a text of its own cluster.
    """
    import cleanwire  # noqa: PLC0415 - the generator is used without it too

    deduper = cleanwire.Deduper()
    counts: dict[str, Count] = collections.defaultdict(Count)
    clusters = {text.id: text.cluster for text in texts}
    published: set[str] = set()
    for text in texts:
        verdict = deduper.add_text(text.id, text.text)
        if not verdict.is_duplicate:
            published.add(text.cluster)
        if text.kind != "story":
            count = counts[part(text)]
            count.copies += 1
            count.found += clusters.get(verdict.duplicate_of or "") == text.cluster
    for text in texts:
        if text.kind == "story":
            counts[part(text)].stories += 1
            counts[part(text)].lost += text.cluster not in published
    return counts


def main() -> int:
    """Print what becomes of the stream of each seed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--seed", type=int, action="append", help="1 by default; may be repeated")
    parser.add_argument("--table", action="store_true", help="by family, language and kind too")
    asked = parser.parse_args()
    sys.path.insert(0, str(HERE.parent))
    texts = [text for seed in asked.seed or [1] for text in _named(seed)]
    parts: list[Callable[[Text], str]] = [
        lambda _: "all",
        lambda text: "fitted families" if text.family in FITTED else "other families",
    ]
    if asked.table:
        parts += [lambda text: text.family, lambda text: text.language, lambda text: text.kind]
    for part in parts:
        totals: dict[str, Count] = collections.defaultdict(Count)
        for seed in asked.seed or [1]:
            found = judge([text for text in texts if text.id.startswith(f"{seed}:")], part)
            for name, count in found.items():
                total = totals[name]
                total.stories += count.stories
                total.lost += count.lost
                total.copies += count.copies
                total.found += count.found
        for name, count in sorted(totals.items()):
            print(f"{name:<18} {count}")
    return 0


def _named(seed: int) -> Iterator[Text]:
    for text in stream(seed):
        yield dataclasses.replace(text, id=f"{seed}:{text.id}", cluster=f"{seed}:{text.cluster}")


if __name__ == "__main__":
    sys.exit(main())
