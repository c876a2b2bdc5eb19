"""Hostile pages and events, without end and the same for ever.

Invariant: an input is a function of its kind, the seed and its number, so that what a run
found is named by three words and never by its body. Inputs are small; `huge.HUGE` has the few
that are not.
"""

import dataclasses
import random
from collections.abc import Callable, Iterator

from helpers.hostile_pages import (
    addresses,
    binary,
    characters,
    charsets,
    cut,
    entities,
    events,
    faulty_json,
    linked,
    patterns,
    shapes,
    times,
)

Kind = Callable[[random.Random], bytes | None]

KINDS: dict[str, Kind] = {
    f"{module.__name__.rpartition('.')[2]}.{kind.__name__}": kind
    for module, kinds in (
        (cut, (cut.page_cut, cut.character_cut, cut.event_cut, cut.base64_cut)),
        (binary, (binary.head_of_a_file, binary.noise, binary.inside_text, binary.bomb, binary.lying_length)),
        (charsets, (charsets.disagreement, charsets.halves, charsets.overlong, charsets.escapes)),
        (
            shapes,
            (shapes.deep, shapes.named_deep, shapes.misnested, shapes.formatting, shapes.attributes,
             shapes.repeated, shapes.table, shapes.wide, shapes.broken_markup, shapes.long_line),
        ),
        (entities, (entities.laughs, entities.numbers, entities.names)),
        (characters, (characters.unseen, characters.unseen_bytes, characters.surrogates, characters.plain_text)),
        (patterns, (patterns.almost, patterns.address)),
        (
            faulty_json,
            (faulty_json.numbers, faulty_json.depths, faulty_json.twice, faulty_json.types,
             faulty_json.surroundings, faulty_json.headers),
        ),
        (linked, (linked.types, linked.depths, linked.vast, linked.cycles, linked.broken)),
        (addresses, (addresses.of_the_event, addresses.of_the_page)),
        (times, (times.of_the_event, times.of_the_page)),
    )
    for kind in kinds
}  # fmt: skip
"""Every kind by its name: the module, and what is wrong."""


@dataclasses.dataclass(frozen=True, slots=True)
class Input:
    """One input: `kind`, `seed` and `number` make `value` again."""

    kind: str
    seed: int
    number: int
    value: bytes | None

    @property
    def name(self) -> str:
        """What to say of it where its body must not be shown."""
        return f"{self.kind} seed {self.seed} number {self.number}"


def generator(kind: str, seed: int, number: int) -> random.Random:
    """The source of all that is drawn for one input."""
    return random.Random(f"{kind}:{seed}:{number}")


def make(kind: str, seed: int, number: int) -> Input:
    """One input."""
    return Input(kind, seed, number, KINDS[kind](generator(kind, seed, number)))


def corpus(seed: int, count: int) -> Iterator[Input]:
    """So many inputs, the kinds in turn."""
    kinds = tuple(KINDS)
    for place in range(count):
        yield make(kinds[place % len(kinds)], seed, place // len(kinds))


__all__ = ["KINDS", "Input", "corpus", "events", "generator", "make"]
