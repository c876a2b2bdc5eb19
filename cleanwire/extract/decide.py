"""Which blocks are the article's body.

The rule here: the decision sees blocks and nothing of the tree but their containers, so that
HTML pages and pages flattened to lines are decided by the same code, and so that a learned
model can take this module's place.

Each block has a weight: words speak for it, links and marks against it. The element with the
greatest sum is the body's container (as Arc90's readability and its heirs have it, but over
prefix sums, so that one pass finds it); inside it block by block is decided again.
"""

from cleanwire.extract.blocks import HEADINGS, Block, Page
from cleanwire.extract.text import ends_sentence, words_in

LONG = 12
"""From so many words on a block is taken for prose."""

LINKED = 0.5
"""From this share of linked characters on a block is navigation."""

LIFTED = 0.4
"""Marks that would leave less than this share of the page's prose are not believed."""

HEADING_WORDS = 4
"""A line of at most so many words may be the heading of a list."""


def body_blocks(page: Page) -> list[int]:
    """The places of the body's blocks, ascending; empty where there is no prose."""
    blocks = page.blocks
    words = [words_in(block.text) for block in blocks]
    prose = [
        _is_prose(block, count, flat=page.flat) for block, count in zip(blocks, words, strict=True)
    ]
    if page.flat:
        _unmark_lists(blocks, words, prose)
    trusted = _trust(blocks, words)
    weights = [
        _line_weight(count, prose=is_prose)
        if page.flat
        else _weight(block, count, trusted, prose=is_prose)
        for block, count, is_prose in zip(blocks, words, prose, strict=True)
    ]
    if page.flat:
        start, end = _run(weights)
        chosen = [place for place in range(start, end) if _is_between(prose, place)]
    else:
        start, end = _container(page, weights)
        chosen = [
            place for place in range(start, end) if _stays(blocks[place], words[place], trusted)
        ]
    return _trimmed(prose, chosen)


def _is_prose(block: Block, words: int, *, flat: bool) -> bool:
    """Whether a block reads as sentences. Among bare lines a headline must not pass for one."""
    if block.tag == "h1":
        return False
    finished = ends_sentence(block.text)
    if flat and _is_mostly_figures(block.text):
        return False
    if flat:
        return (finished and words >= 5) or words >= 2 * LONG  # noqa: PLR2004 - a short sentence
    return words >= LONG or (finished and words >= 5)  # noqa: PLR2004 - as above


def _is_mostly_figures(text: str) -> bool:
    """A date, a score or a counter, though it may end in a full stop."""
    letters = sum(map(str.isalpha, text[:200]))
    return sum(map(str.isdigit, text[:200])) > letters / 2


def _unmark_lists(blocks: list[Block], words: list[int], prose: list[bool]) -> None:
    """A run of lines under a short heading, most of them no sentences, is a link list."""
    place = 0
    while place < len(blocks):
        run = place + 1
        if words[place] <= HEADING_WORDS and not prose[place]:
            while run < len(blocks) and words[run] > HEADING_WORDS // 2 and words[run] < 3 * LONG:
                run += 1
            lines = range(place + 1, run)
            if len(lines) > 1 and 2 * sum(prose[line] for line in lines) < len(lines):
                for line in lines:
                    prose[line] = False
        place = run


class _Trust:
    """Which marks are believed on this page."""

    __slots__ = ("foreign", "marked")

    def __init__(self, *, foreign: bool, marked: bool) -> None:
        self.foreign = foreign
        self.marked = marked

    def excludes(self, block: Block) -> bool:
        return (self.foreign and block.foreign) or (self.marked and block.marked)


def _trust(blocks: list[Block], words: list[int]) -> _Trust:
    prose = foreign = marked = 0
    for block, count in zip(blocks, words, strict=True):
        if count >= LONG and block.link_density < LINKED:
            prose += count
            foreign += count * block.foreign
            marked += count * block.marked
    return _Trust(
        foreign=prose - foreign >= LIFTED * prose, marked=prose - marked >= LIFTED * prose
    )


def _weight(block: Block, words: int, trusted: _Trust, *, prose: bool) -> float:
    if trusted.excludes(block):
        return -min(words, 10)
    density = block.link_density
    if density >= LINKED:
        return -min(4 + words * 0.5, 12)
    if prose:
        return words * (1 - density)
    if block.tag in HEADINGS:
        return 1.0
    return -1.0


def _line_weight(words: int, *, prose: bool) -> float:
    """The weight of a bare line; one endless line must not outweigh many of furniture."""
    return min(words, 5 * LONG) if prose else -LONG / 2


def _is_between(prose: list[bool], place: int) -> bool:
    """Whether a line is prose, or stands alone between two that are, as a heading does."""
    return prose[place] or (0 < place < len(prose) - 1 and prose[place - 1] and prose[place + 1])


def _run(weights: list[float]) -> tuple[int, int]:
    """The run of blocks with the greatest sum (Kadane)."""
    best, found = 0.0, (0, 0)
    total, start = 0.0, 0
    for place, weight in enumerate(weights):
        if total <= 0:
            total, start = 0.0, place
        total += weight
        if total > best:
            best, found = total, (start, place + 1)
    return found


def _container(page: Page, weights: list[float]) -> tuple[int, int]:
    sums = [0.0]
    for weight in weights:
        sums.append(sums[-1] + weight)
    best, found = 0.0, (0, 0)
    for container in page.containers:
        if container.end <= container.start:
            continue
        score = sums[container.end] - sums[container.start]
        if container.body:
            score *= 1.1
        # Containers come outermost first, so that of equals the innermost wins.
        if score >= best and score > 0:
            best, found = score, (container.start, container.end)
    return found


def _stays(block: Block, words: int, trusted: _Trust) -> bool:
    if trusted.excludes(block):
        return False
    if block.link_density >= LINKED:
        return words >= LONG and ends_sentence(block.text) and block.link_density < 0.8  # noqa: PLR2004 - nearly all of it
    return True


def _trimmed(prose: list[bool], chosen: list[int]) -> list[int]:
    """Drop what stands before the first prose and after the last."""
    at = [rank for rank, place in enumerate(chosen) if prose[place]]
    if not at:
        return chosen
    return chosen[at[0] : at[-1] + 1]
