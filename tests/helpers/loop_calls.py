"""Calls every compiled loop in plain Python, with what it meets on pages and in an index.

`python -m helpers.loop_calls FILE` writes the calls, for a process that repeats them in machine
code. numpy's warnings are errors, but that integers wrap around is meant.
"""

import copy
import functools
import importlib
import pickle
import random
import sys
import warnings
from pathlib import Path

import numpy as np

from cleanwire import native

MOST_CALLS = 300
MOST_BYTES = 12 << 20
"""What is recorded of one loop."""

WORDS = "lock gate boat river spring 2.5 3,000 Grünfurt Straße ΣΟΦΟΣ İstanbul ᾳ ﬁne ５ ½ x² e\u0301 \u00ad é".split()
BLANKLESS = "東京会議で三十二億円を零一〇決めた ภาษาไทย๕๖ ລາວ ខ្មែរ١٢ မြန်မာ བོད་ 한국어 हिन्दी५। 𠀋😀 ㍿ \ufe0f\u200d"
BYTES = (
    b"<", b">", b"/", b" ", b'"', b"'", b"=", b"<p>", b"</p>", b"<div class=a>", b"</div>", b"<b><p></b>", b"<td>",
    b"<table>", b"</table>", b"<svg>", b"</svg>", b"<!-- x -->", b"<!--", b"<script>x</b></script>", b"<textarea>",
    b"<body a b c>", b"<br/>", b"<LI>", b"a", b"<a href='x'>", b"</a>", b"<dt>", b"<dd>", b"<html lang=x>", b"\xc3\xa9",
)  # fmt: skip


class Recorder:
    """Takes the calls of one loop down."""

    def __init__(self, loop):
        self.loop = loop
        self.calls = []
        self.seen = 0
        self.bytes = 0

    def call(self, *arguments):
        self.seen += 1
        wanted = self.seen <= MOST_CALLS // 2 or not self.seen % 97
        if not wanted or len(self.calls) >= MOST_CALLS or self.bytes > MOST_BYTES:
            return self.loop.function(*arguments)
        before = copy.deepcopy(arguments)
        result = self.loop.function(*arguments)
        self.bytes += sum(each.nbytes for each in arguments if isinstance(each, np.ndarray))
        self.calls.append((before, copy.deepcopy(result), copy.deepcopy(arguments)))
        return result


def recorded_call(recorder):
    def call(*arguments):
        return recorder.call(*arguments)

    return call


def recorded():
    """From here on every loop that is defined is plain, and its calls are taken down."""
    recorders = []

    def counted(loop):
        recorder = Recorder(loop)
        recorders.append(recorder)
        return functools.wraps(loop.function)(recorded_call(recorder))

    native._counted = counted
    native.stay_plain()
    return recorders


def text(draw, size):
    pieces = [*WORDS, BLANKLESS[(at := draw.randrange(len(BLANKLESS))) : at + draw.randrange(9)]]
    return " ".join(draw.choice(pieces) for _ in range(size))


def numbered(draw, size, kinds):
    return " ".join(f"w{draw.randrange(kinds)}x" for _ in range(size))


def read_texts(draw):
    from cleanwire.similarity import minhash, tokens

    for size in (0, 1, 2, 5, *range(10, 120, 5), 400):
        made = minhash.sign(text(draw, size))[0]
        minhash.Signature.unpack(made.pack())
        minhash.shingles(text(draw, size))
    for size in (90, 100, 150, 300, 520, 900):
        minhash.sign(numbered(draw, size, 10**6))
    for size in (0, 1, 7, 50):
        values = np.array([draw.getrandbits(64) for _ in range(size)] * 2, np.uint64)
        values[: size // 2] = 2**64 - 1
        tokens.distinct(values)
        tokens.text_hash(values)
        tokens.shingle_hashes(values)
        tokens.in_order(values)


def measure_pages(draw):
    from cleanwire.extract.dom.parsing import extremes

    for size in (0, 1, 2, 3, *range(5, 200, 3)):
        page = b"".join(draw.choice(BYTES) for _ in range(size))
        extremes(np.frombuffer(bytearray(page), np.uint8))
    extremes(np.frombuffer(bytearray(b"<div>" * 5000), np.uint8))


def clean_pages(draw):
    import cleanwire
    from cleanwire import Pipeline, Source
    from cleanwire.explain import explain_copy
    from helpers.hostile_pages import corpus
    from streams.testing.samples import sample_pages

    cleanwire.clean_page(
        "<body>"
        + "<div class='a_b c' id=d role=main aria-hidden=true style='display : none'>x</div>" * 9,
        require_article=False,
    )
    pipeline = Pipeline()
    values = [page.value for page in sample_pages()]
    values += [page.value for page in corpus(11, 60) if page.value and len(page.value) < 40_000]
    for offset, value in enumerate(values * 2):
        pipeline.process(value, Source(topic="t", partition=0, offset=offset), received_at=2e9)
    one = numbered(draw, 300, 10**6).split()
    other = [*one[:200], *numbered(draw, 80, 10**6).split()]
    explain_copy(" ".join(other), " ".join(one))


def ask_the_model(draw):
    """What few pages need: texts that are quoted, and keys that clog their table."""
    from cleanwire.extract.model.quotes import quoted
    from cleanwire.extract.model.sums import number_keys

    body = numbered(draw, 200, 50)
    quoted([body[start : start + size] for start in (0, 90) for size in (0, 3, 40)], body)
    quoted(["lock", "gates and boats", "\u6771\u4eac"], body)
    high = np.arange(100)
    number_keys(np.tile((high << 20) | (high ^ 5), 2), np.empty(200, np.int64))


def compare_texts(draw):
    """Copies, excerpts, templates and strangers, in tables that are small, and so often full."""
    from cleanwire.similarity import hash_table
    from cleanwire.similarity.index import Entry, Index
    from cleanwire.similarity.minhash import signature

    hash_table.FIRST_BUCKETS = 64
    index = Index(cap=4)
    base = [numbered(draw, 260, 10**6).split() for _ in range(12)]
    for number in range(240):
        words = list(draw.choice(base))
        for _ in range(draw.choice((0, 3, 12, 60))):
            words[draw.randrange(len(words))] = draw.choice(("7", "8", "9.5", "2,000", "x", "y"))
        start, end = draw.choice(((0, 260), (0, 90), (120, 260), (40, 200)))
        words = words[start:end] + draw.choice(
            ([], base[0][:80], numbered(draw, 70, 10**6).split())
        )
        signed = signature(" ".join(words))
        index.matches(signed)
        entry = Entry.of(signed, article=f"a{number}", sequence=number, bucket=number // 20)
        index.add(entry, tentative=not number % 5)
        if number % 3 == 0:
            index.discard(f"a{draw.randrange(number + 1)}")
    index.reserve(0.2)


def fill_tables(draw):
    from cleanwire.extract.model import sums
    from cleanwire.similarity.hash_table import HashTable
    from cleanwire.similarity.key_table import KeyTable

    rows = 600
    alive = np.ones(rows, np.bool_)
    alive[::7] = False
    order = np.arange(rows)
    table = HashTable(3)
    table._table = np.zeros((16, table.table.shape[1]), np.uint16)
    crowd = np.array([draw.getrandbits(32) & 0x0FFFFFFF for _ in range(6000)], np.uint32)
    for row in range(1, rows, 2):
        if alive[row]:
            table.put(np.unique(crowd[row * 8 : row * 8 + 8]), row, alive, order)
            table.put(crowd[:3].copy(), row, alive, order, may_not_evict=row % 5 == 0)
    live = np.flatnonzero(alive)[::2].copy()
    ends = np.arange(10, 10 * len(live) + 1, 10)
    late = np.zeros(len(live), np.bool_)
    table.put_all(crowd[: ends[-1]].copy(), ends, live, alive, order, late)
    alive[::3] = False
    table.sweep(alive)
    keys = np.array([[draw.getrandbits(64), draw.getrandbits(64)] for _ in range(500)], np.uint64)
    keys[400:] = keys[:100]
    for crowded in (np.arange(40) << 44, np.arange(40, dtype=np.int64) % 7):
        sums._number_sorted(crowded, np.empty(40, np.int64))
    keyed = KeyTable()
    keyed._slots = np.zeros(64, np.uint32)
    keyed.put_all(np.arange(450), keys)
    keyed.known(keys[300:], keys)
    for row in draw.sample(range(400), 150):
        keyed.remove(keys[row].tobytes(), keys)


def differ(draw):
    from cleanwire.explain.word_diff import diff_words

    for kinds in (5, 60, 10**6):
        words = numbered(draw, 1500, kinds).split()
        others = [word for word in words if draw.random() > 0.1]
        others[300:300] = numbered(draw, 200, kinds).split()
        diff_words(" ".join(words[:200]), " ".join(others[20:260]))
        diff_words(" ".join(words), " ".join(draw.sample(others, len(others)) + others))


def main(file):
    warnings.simplefilter("error")
    # Machine integers wrap around, in plain loops as in compiled ones.
    np.seterr(over="ignore")
    recorders = recorded()
    from streams.cli.compile import LOOPS

    for module in LOOPS:
        importlib.import_module(module)
    for work in (
        *(measure_pages, read_texts, compare_texts, fill_tables, differ, clean_pages),
        ask_the_model,
    ):
        work(random.Random(work.__name__))
    Path(file).write_bytes(
        pickle.dumps({recorder.loop.file_name: recorder.calls for recorder in recorders})
    )


if __name__ == "__main__":
    main(sys.argv[1])
