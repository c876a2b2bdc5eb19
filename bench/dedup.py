"""Measures Cleanwire's near-duplicates next to libraries for the same job.

Invariant: all dedupers get the same documents in the same order through the same `add`. Every run
makes the same documents again. Everything that is printed or drawn is in the rows of `--json`.

    python bench/dedup.py quality          labelled streams: what is dropped, rightly and wrongly
    python bench/dedup.py speed            interleaved in one process, as ratios
    python bench/dedup.py curves           speed and memory up to --docs documents
    python bench/dedup.py hostile          input made to be slow or to mislead
    python bench/dedup.py similarity       the stated similarity against the exact one
    python bench/dedup.py all --json FILE --pictures docs/
    python bench/dedup.py saved --json FILE --pictures docs/    no measuring: from the saved rows

The data, the measuring functions and the libraries' adapters come from ../shared beside the
repository. Libraries that are not installed are left out; the extra `bench` installs them.
"""

import argparse
import datetime as dt
import functools
import gc
import importlib
import importlib.util
import itertools
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import curves
import hostile
import pairs
from curves import Row

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[1] / "shared"
PROGRAM = SHARED / "bench" / "dedup"
DATA = SHARED / "data" / "dedup"
SETS = ("synth", "reuters", "newscluster")

DEDUPERS = {
    "cleanwire": "adapters:deduper",
    "datasketch k=3": "anchors:Datasketch,k=3",
    "datasketch tuned": "anchors:Datasketch,k=5,threshold=0.4",
    "rensa default": "anchors:Rensa",
    "rensa k=3": "anchors:Rensa,k=3",
    "rensa tuned": "anchors:Rensa,k=5,threshold=0.4,num_perm=128,bands=32",
    "gaoya k=3": "anchors:Gaoya,k=3",
    "gaoya tuned": "anchors:Gaoya,k=5,threshold=0.35,bands=42,rows=3",
}
COMPARED = ("cleanwire", "datasketch k=3", "rensa k=3", "gaoya k=3")
"""The dedupers of the hostile part, where one setting of each library is enough."""

SEEDS = (101, 102, 103)
BULK_SEED = 5
SPEED_DOCS = 4000
HOSTILE_DOCS = 5000
CHUNK = 250
WARM = 2000
FILL = 10_000
"""Documents that are made and not used, so that the generator, which keeps its latest stories, has
its full size before memory is measured."""
MARKS = tuple(part * 10**power for power in range(3, 8) for part in (1, 2, 5))
FIRST_MARK = 10_000
MOST_BYTES = 8e9
"""A deduper that has grown by this is stopped before the machine runs out of memory."""
HOSTILE_BUDGET = 30.0


def main() -> int:
    """Measure the parts that the arguments name, print their tables, draw their pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("part", choices=[*PARTS, "all", "saved"])
    parser.add_argument("--docs", type=int, default=1_000_000, help="most documents of a part")
    parser.add_argument(
        "--budget",
        type=float,
        default=600,
        help="seconds a deduper for curves; hostile: 30 at most",
    )
    parser.add_argument("--json", type=Path, help="rows are appended to, or read from, this file")
    parser.add_argument("--pictures", type=Path, help="folder to write SVG pictures into")
    parser.add_argument("--only", action="append", choices=DEDUPERS, help="leave out the others")
    parser.add_argument("--case", action="append", choices=hostile.CASES, help="of hostile alone")
    asked = parser.parse_args()
    if asked.part == "saved":
        if not asked.json:
            parser.error("saved needs --json")
        rows = [json.loads(line) for line in asked.json.read_text("utf-8").splitlines()]
    elif not PROGRAM.is_dir():
        print(f"nothing to measure: {SHARED.name} is not beside the repository")
        return 0
    else:
        sys.path[:0] = [str(HERE), str(HERE.parent), str(PROGRAM)]
        rows = list(_measured(asked))
    rows = curves.latest(rows)
    print(curves.tables(rows))
    for path in curves.pictures(rows, asked.pictures) if asked.pictures else ():
        print(f"drawn: {path}", file=sys.stderr)
    return 0


def _measured(asked: argparse.Namespace) -> Iterator[Row]:
    """The rows of the parts, each saved as soon as it is measured."""
    run = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    names = {
        name: spec
        for name, spec in DEDUPERS.items()
        if name in (asked.only or DEDUPERS) and (name == curves.OURS or _has(name.split()[0]))
    }
    for part, measure in PARTS.items():
        if asked.part not in (part, "all"):
            continue
        for found in measure(asked, names):
            row = {"part": part, "run": run, **found}
            if asked.json:
                with asked.json.open("a", encoding="utf-8") as out:
                    out.write(json.dumps(row) + "\n")
            if part != "similarity":
                print(part, row.get("set", ""), row["deduper"], row.get("docs"), file=sys.stderr)
            yield row


@functools.cache
def _has(module: str) -> bool:
    found = importlib.util.find_spec(module) is not None
    if not found:
        print(f"{module} is not installed, and left out", file=sys.stderr)
    return found


def _shared() -> tuple[Any, Any]:
    """The measuring functions, and the generators of documents."""
    return importlib.import_module("evaluate"), importlib.import_module("make_corpus")


@functools.cache
def _articles() -> list[dict[str, Any]]:
    return list(_shared()[1].read_jsonl(str(DATA / "articles.jsonl.gz")))


def _random(*seed: object) -> random.Random:
    return random.Random(repr(seed))  # noqa: S311 - the same numbers are wanted again


def quality(_: argparse.Namespace, names: dict[str, str]) -> Iterator[Row]:
    """Decisions on labelled streams."""
    evaluate, _corpus = _shared()
    for found, documents in _streams():
        features: dict[str, dict[Any, Any]] = {}
        for name, spec in names.items():
            cache = features.setdefault(spec.split(",")[0], {})
            parents, _spent = evaluate.run_stream(evaluate.make(spec), documents, cache)
            yield {**found, "deduper": name, **evaluate.metrics(documents, parents)}


def _streams() -> Iterator[tuple[Row, list[dict[str, Any]]]]:
    _evaluate, corpus = _shared()
    for name in SETS:
        path = str(DATA / f"{name}.jsonl.gz")
        yield {"set": name, "mixture": None, "seed": None}, list(corpus.read_jsonl(path))
    for mixture, seed in itertools.product(("heldout", "dev"), SEEDS):
        found = {"set": f"{mixture} {seed}", "mixture": mixture, "seed": seed}
        yield found, corpus.quality(_articles(), seed, mixture)


def speed(asked: argparse.Namespace, names: dict[str, str]) -> Iterator[Row]:
    """CPU time. The dedupers take turns chunk by chunk, so a busy machine slows all of them."""
    evaluate, corpus = _shared()
    count = min(asked.docs, SPEED_DOCS)
    documents = corpus.bulk(_articles(), BULK_SEED, count + CHUNK)
    warm = list(itertools.islice(documents, CHUNK))
    dedupers = {name: evaluate.make(spec) for name, spec in names.items()}
    for deduper in dedupers.values():
        _add(deduper, warm)
    chunks = [list(chunk) for chunk in iter(lambda: list(itertools.islice(documents, CHUNK)), [])]
    spent: dict[str, list[float]] = {name: [] for name in names}
    dropped = dict.fromkeys(names, 0)
    order = list(names)
    for chunk in chunks:
        for name in order:
            gc.collect()
            seconds, parents = _add(dedupers[name], chunk)
            spent[name].append(seconds / len(chunk))
            dropped[name] += sum(parent is not None for parent in parents)
        order.append(order.pop(0))
    size = statistics.mean(len(document["text"]) for chunk in chunks for document in chunk)
    reference = spent.get(curves.REFERENCE)
    for name, each in spent.items():
        ratios = [theirs / ours for theirs, ours in zip(reference or (), each, strict=False)]
        yield {
            "deduper": name,
            "docs": count,
            "kb": size / 1000,
            "docs_per_s": 1 / statistics.mean(each),
            "first": 1 / each[0],
            "last": 1 / each[-1],
            "ratio": statistics.median(ratios) if ratios else None,
            "dropped": dropped[name],
        }


def _add(deduper: Any, documents: Sequence[dict[str, Any]]) -> tuple[float, list[str | None]]:  # noqa: ANN401 - a library's
    """CPU seconds for adding the documents, and the id that each document repeats, if any."""
    started = time.process_time()
    parents = [deduper.add(each["id"], each["text"], each["t"])[0] for each in documents]
    return time.process_time() - started, parents


def scale(asked: argparse.Namespace, names: dict[str, str]) -> Iterator[Row]:
    """Speed and memory while the index grows, each deduper in a process of its own."""
    for name, spec in names.items():
        work = functools.partial(_grow, spec, asked.docs, asked.budget)
        for row in _forked(work):
            yield {"deduper": name, **row}


def _grow(spec: str, docs: int, budget: float) -> Iterator[Row]:
    evaluate, corpus = _shared()
    documents = corpus.bulk(_articles(), BULK_SEED, docs + FILL + WARM)
    for _ in itertools.islice(documents, FILL):
        pass
    deduper = evaluate.make(spec)
    _add(deduper, list(itertools.islice(documents, WARM)))
    gc.collect()
    base, started = evaluate.rss(), time.monotonic()
    marks = {mark for mark in MARKS if mark >= FIRST_MARK} | {docs}
    seen = indexed = since = 0
    spent = 0.0
    while seen < docs:
        chunk = list(itertools.islice(documents, min(CHUNK, docs - seen)))
        seconds, parents = _add(deduper, chunk)
        spent, seen, since = spent + seconds, seen + len(chunk), since + len(chunk)
        indexed += sum(parent is None for parent in parents)
        ended = _ended(time.monotonic() - started > budget, evaluate.rss() - base)
        if not ended and not any(seen - len(chunk) < mark <= seen for mark in marks):
            continue
        del chunk, parents
        gc.collect()
        grown = evaluate.rss() - base
        yield {
            "docs": seen,
            "indexed": indexed,
            "docs_per_s": since / spent,
            "rss": grown,
            "bytes_per_article": grown / max(1, indexed),
            "ended": ended,
            "failed": None,
        }
        if ended:
            return
        spent, since = 0.0, 0


def _ended(late: bool, grown: float) -> str | None:  # noqa: FBT001 - one of two reasons
    if late:
        return "budget"
    return "memory" if grown > MOST_BYTES else None


def _forked(work: Callable[[], Iterator[Row]]) -> Iterator[Row]:
    """The rows of work that runs in a process of its own; a last one if that process fails."""
    sys.stdout.flush()
    reader, writer = os.pipe()
    process = os.fork()
    if not process:
        os.close(reader)
        code = 1
        try:
            with os.fdopen(writer, "w") as out:
                for row in work():
                    print(json.dumps(row), file=out, flush=True)
            code = 0
        except BaseException as error:  # noqa: BLE001 - a panic in a Rust library is no Exception
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader) as lines:
        yield from map(json.loads, lines)
    _, status = os.waitpid(process, 0)
    if status:
        yield {"failed": f"its process ended with {os.waitstatus_to_exitcode(status)}"}


def attacks(asked: argparse.Namespace, names: dict[str, str]) -> Iterator[Row]:
    """Speed at the beginning and at the end on hostile input."""
    count = min(asked.docs, HOSTILE_DOCS)
    chosen = [name for name in names if asked.only or name in COMPARED]
    for case in asked.case or hostile.CASES:
        docs = max(20, count // hostile.FEWER.get(case, 1))
        for name in chosen:
            work = functools.partial(
                _attack, names[name], case, docs, min(asked.budget, HOSTILE_BUDGET)
            )
            for row in _forked(work):
                yield {"deduper": name, "set": case, **row}


def _attack(spec: str, case: str, docs: int, budget: float) -> Iterator[Row]:
    evaluate, corpus = _shared()
    plain = corpus.bulk(_articles(), BULK_SEED, 10**9, 0.0)
    prose = (document["text"] for document in plain)
    deduper = evaluate.make(spec)
    _add(deduper, [next(plain) for _ in range(100)])
    texts = hostile.CASES[case](_random(case), prose)
    size = max(1, docs // 20)
    rates: list[float] = []
    stories: set[int] = set()
    found = dict.fromkeys(("wrong", "missed", "copies"), 0)
    gc.collect()
    base, seen, spent = evaluate.rss(), 0, 0.0
    while seen < docs and spent <= budget:
        told = list(itertools.islice(texts, size))
        chunk = [
            {"id": f"h{seen + place}", "text": text, "t": float(seen + place)}
            for place, (_, text) in enumerate(told)
        ]
        seconds, parents = _add(deduper, chunk)
        for (story, _), parent in zip(told, parents, strict=True):
            known = story in stories
            stories.add(story)
            found["copies"] += known
            found["missed"] += known and parent is None
            found["wrong"] += not known and parent is not None
        seen, spent = seen + len(chunk), spent + seconds
        rates.append(len(chunk) / max(seconds, 1e-6))
    del told, chunk, parents
    gc.collect()
    yield {
        "docs": seen,
        "first": rates[0],
        "last": rates[-1],
        "rss": evaluate.rss() - base,
        "stories": len(stories),
        **found,
        "ended": "budget" if seen < docs else None,
        "failed": None,
    }


def similarity(_: argparse.Namespace, names: dict[str, str]) -> Iterator[Row]:
    """The similarity that each deduper states for pairs of texts, and the exact one."""
    _evaluate, corpus = _shared()
    texts = [article["text"] for article in _articles()]
    made = pairs.pairs(_random("pairs"), texts, corpus.sentences)
    for number, (words, change, one, other) in enumerate(made):
        exact = pairs.exact(one, other, contained=change == "cut")
        pair = {"pair": number, "words": words, "change": change, "exact": exact}
        for name, estimate in _estimates(one, other, names):
            if change != "cut" or name == curves.STATED:
                yield {**pair, "deduper": name, "estimate": estimate}


def _estimates(one: str, other: str, names: dict[str, str]) -> Iterator[tuple[str, float | None]]:
    evaluate, _corpus = _shared()
    if curves.OURS in names:
        minhash = importlib.import_module("cleanwire.similarity.minhash")
        deduper = evaluate.make(names[curves.OURS])
        deduper.add("one", one, 0.0)
        copied, stated = deduper.add("other", other, 1.0)
        yield curves.STATED, stated if copied else None
        yield curves.ESTIMATED, _shared_below(minhash.signature(one), minhash.signature(other))
    for name in ("datasketch k=3", "rensa k=3"):
        if name in names:
            library = evaluate.make(names[name])
            a, b = library.features(one), library.features(other)
            yield f"{name.split()[0]}, 128 hashes", a.jaccard(b)


def _shared_below(one: Any, other: Any) -> float:  # noqa: ANN401 - cleanwire.minhash.Signature
    bound = min(one.bound, other.bound)
    a, b = ({value for value in each.sample.tolist() if value <= bound} for each in (one, other))
    return len(a & b) / max(1, len(a | b))


PARTS: dict[str, Callable[[argparse.Namespace, dict[str, str]], Iterator[Row]]] = {
    "quality": quality,
    "speed": speed,
    "curves": scale,
    "hostile": attacks,
    "similarity": similarity,
}

if __name__ == "__main__":
    sys.exit(main())
