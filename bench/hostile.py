"""Documents made to slow down or mislead a near-duplicate index, each with its story.

Invariant: a case never ends and depends on its seed alone. It keeps a few thousand texts at most,
so a process that grows has grown by its index.
"""

import itertools
import random
import string
from collections.abc import Callable, Iterable, Iterator

Documents = Iterator[tuple[int, str]]
"""Story numbers and texts; two texts with the same number are copies."""

Case = Callable[[random.Random, Iterator[str]], Documents]

_RECENT = 1000


def _same(_: random.Random, prose: Iterator[str]) -> Documents:
    text = next(prose)
    while True:
        yield 0, text


def _empty(_: random.Random, __: Iterator[str]) -> Documents:
    while True:
        yield 0, ""


def _cookie_wall(r: random.Random, prose: Iterator[str]) -> Documents:
    wall = _words(prose, 180)
    while True:
        site = f"{r.choice(wall)}{r.randrange(10**6)}"
        yield 0, f"{site} values your privacy\n{' '.join(wall)}\nAbout {site}"


def _boilerplate(_: random.Random, prose: Iterator[str]) -> Documents:
    """Short stories, each with the same long boilerplate of its site."""
    boilerplate = " ".join(_words(prose, 250))
    for story in itertools.count():
        yield story, f"{' '.join(_words(prose, 60))}\n{boilerplate}"


def _half(_: random.Random, prose: Iterator[str]) -> Documents:
    """Texts below every threshold, of which each has to be compared with all others."""
    shared = " ".join(_words(prose, 300))
    for story in itertools.count():
        yield story, f"{shared}\n{' '.join(_words(prose, 300))}"


def _figures(r: random.Random, prose: Iterator[str]) -> Documents:
    """A machine-written report for every place and day: only the figures differ."""
    words = _words(prose, 300)
    for story in itertools.count():
        for at in range(5, len(words), 18):
            words[at] = str(r.randrange(10, 10**5))
        yield story, " ".join(words)


def _pool(r: random.Random, prose: Iterator[str]) -> Documents:
    """Twenty of two hundred paragraphs, so each text overlaps a little with nearly all others."""
    pool = [" ".join(_words(prose, 30)) for _ in range(200)]
    for story in itertools.count():
        yield story, "\n".join(r.sample(pool, 20))


def _one_hash(r: random.Random, _: Iterator[str]) -> Documents:
    """Different words with one hash, for a polynomial hash modulo a power of two.

    A Thue-Morse word and its complement differ by a product of (1 - x ** 2 ** i), which for odd x
    is 0 modulo 2 ** 64 from 1,024 letters on, whatever x is. The texts differ only in which of the
    two words they have, so for such a hash they all are the same text.
    """
    bits = [i.bit_count() & 1 for i in range(1024)]
    letters = list(itertools.combinations(string.ascii_lowercase, 2))[:30]
    twins = [["".join(pair[bit ^ flip] for bit in bits) for flip in (0, 1)] for pair in letters]
    for story in itertools.count():
        yield story, " ".join(map(r.choice, twins))


def _one_word(_: random.Random, __: Iterator[str]) -> Documents:
    for story in itertools.count():
        yield story, f"word{story} " * 600


def _long(r: random.Random, prose: Iterator[str]) -> Documents:
    vocabulary = [word for _ in range(50) for word in next(prose).split()]
    for story in itertools.count():
        yield story, " ".join(r.choices(vocabulary, k=170_000))


def _no_blank(r: random.Random, _: Iterator[str]) -> Documents:
    for story in itertools.count():
        yield story, "".join(r.choices(string.ascii_lowercase, k=1_000_000))


def _han(r: random.Random, _: Iterator[str]) -> Documents:
    return _script(r, range(0x4E00, 0x4E00 + 3000), (1, 2), "\u3002")


def _thai(r: random.Random, _: Iterator[str]) -> Documents:
    return _script(r, range(0x0E01, 0x0E4C), (2, 5), " ")


def _script(
    r: random.Random, points: Iterable[int], lengths: tuple[int, int], stop: str
) -> Documents:
    """Sentences without blanks; every third text is an earlier one with a tenth of it new."""
    letters = [letter for letter in map(chr, points) if letter.isalpha()]
    vocabulary = ["".join(r.choices(letters, k=r.randint(*lengths))) for _ in range(20_000)]
    usual = list(itertools.accumulate(1 / rank for rank in range(1, len(vocabulary) + 1)))

    def sentence() -> str:
        return "".join(r.choices(vocabulary, cum_weights=usual, k=20))

    recent: list[tuple[int, list[str]]] = []
    for number in itertools.count():
        if number % 3 == 2:  # noqa: PLR2004 - every third
            story, text = r.choice(recent)
            text = [sentence() if r.random() < 0.1 else old for old in text]  # noqa: PLR2004 - a tenth
        else:
            story, text = number, [sentence() for _ in range(30)]
            recent.append((story, text))
            del recent[:-_RECENT]
        yield story, stop.join(text)


def _words(prose: Iterator[str], count: int) -> list[str]:
    words: list[str] = []
    while len(words) < count:
        words += next(prose).split()
    return words[:count]


CASES: dict[str, Case] = {
    "one text again and again": _same,
    "empty pages": _empty,
    "a cookie wall": _cookie_wall,
    "short stories in one furniture": _boilerplate,
    "half of each text shared": _half,
    "one report, other figures": _figures,
    "paragraphs from one pool": _pool,
    "different words with one hash": _one_hash,
    "one word 600 times": _one_word,
    "texts of 1 MB": _long,
    "words of 1 MB": _no_blank,
    "Han without blanks": _han,
    "Thai without blanks": _thai,
}

FEWER = {"texts of 1 MB": 100, "words of 1 MB": 100}
"""These cases have fewer documents: one in this many."""
