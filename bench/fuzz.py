"""Runs hostile pages through the cleaning processes and reports what became of them.

    python bench/fuzz.py                                  10,000 inputs of seed 1, and the huge ones
    python bench/fuzz.py --inputs 100000 --seed 2         others; --seconds N stops earlier
    python bench/fuzz.py --kind shapes.deep --inputs 500  of one kind only
    python bench/fuzz.py --save DIR --minimise            keep what was found, and make it small

The kinds are those of tests/helpers/hostile_pages, and mutations of real pages if ../shared is
beside the repository. A finding is an input that exceeds a limit of time or memory, or breaks a
promise. It is named by kind, seed and number, which make the same input again; its body is never
printed. The exit code is 1 if there is a violation: an exception that is no rejection, two outcomes
for one input, or a broken promise of `promises`.
"""

import argparse
import asyncio
import collections
import dataclasses
import gzip
import itertools
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[1] / "shared" / "data" / "extraction"

sys.path.insert(0, str(HERE.parent / "tests"))

from cleanwire.dedupe.records import unpack_candidate  # noqa: E402 - found by the line above
from cleanwire.errors import PageRejected  # noqa: E402 - found by the line above
from cleanwire.events import Source  # noqa: E402 - found by the line above
from helpers.hostile_pages import KINDS, Input, generator, make  # noqa: E402 - found by the line above
from helpers.hostile_pages.huge import HUGE  # noqa: E402 - found by the line above
from helpers.hostile_pages.mutated import mutated  # noqa: E402 - found by the line above
from helpers.hostile_pages.promises import broken  # noqa: E402 - found by the line above
from streams.cleaning.page_cleaning import Cleaned, Limits  # noqa: E402 - found by the line above
from streams.runtime.pool import CleaningPool  # noqa: E402 - found by the line above

MUTATED = "mutated pages"
HUGE_KIND = "huge"
AGAIN = 20
"""One in this many inputs is cleaned twice, to compare the two outcomes."""

TRIES = 3000
SOURCE = Source(topic="raw-pages", partition=0, offset=0)
_LIMITED = ("time-limit", "ran out of memory", "SelectolaxError")
"""Words in the outcome of an input that exceeds a limit. When memory runs out, lexbor only says
that it cannot parse (SelectolaxError)."""


@dataclasses.dataclass(slots=True)
class Tally:
    """What became of one kind of input.

    Attributes:
        outcomes: how many inputs had each outcome.
        times: how long each input took, in milliseconds.
    """

    outcomes: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    times: list[float] = dataclasses.field(default_factory=list)


class Run:
    """Gives inputs to a pool; keeps the name of each outcome, its time, and the findings.

    Args:
        pool: the cleaning processes.
        message_bytes: the most bytes that a candidate may have.
    """

    def __init__(self, pool: CleaningPool, message_bytes: int) -> None:
        self._pool = pool
        self._message_bytes = message_bytes
        self.tallies: dict[str, Tally] = collections.defaultdict(Tally)
        self.found: list[tuple[Input, str, bool]] = []

    async def outcome(self, value: bytes | None) -> tuple[str, str]:
        """The name of an input's outcome, and what is wrong with it; empty if nothing is."""
        try:
            outcome = await self._pool.clean(value, SOURCE, 2e9)
        except Exception as error:  # noqa: BLE001 - any error that escapes the pool is a finding
            return "escaped", f"{type(error).__name__} escaped from the pool"
        if isinstance(outcome, Cleaned):
            if len(outcome.candidate) > self._message_bytes:
                return "clean", "the candidate is over the limit of a message"
            return "clean", "; ".join(broken(unpack_candidate(outcome.candidate)))
        return outcome.reason, _wrong(outcome)

    async def take(self, item: Input, *, again: bool) -> None:
        """Clean one input, twice if `again`, and keep what became of it."""
        started = time.perf_counter()
        name, wrong = await self.outcome(item.value)
        tally = self.tallies[item.kind]
        tally.times.append(1000 * (time.perf_counter() - started))
        tally.outcomes[name] += 1
        if again and not wrong and (await self.outcome(item.value)) != (name, wrong):
            wrong = "another outcome the second time"
        if wrong:
            self.found.append((item, wrong, _is_violation(wrong)))
            print(f"{item.name}: {wrong}", flush=True)


def _wrong(error: PageRejected) -> str:
    limited = error.reason in ("time-limit", "parser-crashed")
    return f"{error.reason}: {error.detail}" if limited else ""


def _is_violation(wrong: str) -> bool:
    return not any(limit in wrong for limit in _LIMITED)


def pages() -> list[bytes]:
    """At most 800 real pages as bytes, spread over all sets that are there."""
    found = sorted(SHARED.glob("*/pages/*.html.gz")) if SHARED.is_dir() else []
    return [gzip.decompress(path.read_bytes()) for path in found[:: max(1, len(found) // 400)]]


def inputs(arguments: argparse.Namespace, real: list[bytes]) -> Iterator[Input]:
    """The inputs, their kinds in turn; every fourth is a mutated page if there are any."""
    kinds = [kind for kind in KINDS if kind.startswith(arguments.kind)]
    if real and MUTATED.startswith(arguments.kind):
        kinds += [MUTATED] * max(1, len(kinds) // 3)
    counts: collections.Counter[str] = collections.Counter()
    seed = arguments.seed
    for kind in itertools.islice(itertools.cycle(kinds), arguments.inputs):
        number = counts[kind]
        counts[kind] += 1
        if kind == MUTATED:
            yield Input(kind, seed, number, mutated(generator(kind, seed, number), real))
        else:
            yield make(kind, seed, number)
    if arguments.huge and HUGE_KIND.startswith(arguments.kind):
        for number, value in enumerate(HUGE.values()):
            yield Input(HUGE_KIND, 0, number, value())


async def run(arguments: argparse.Namespace) -> int:
    """Give the inputs to a pool and print what became of them; returns the exit code."""
    real = pages()
    if not real:
        print("no mutated pages: ../shared is not beside the repository")
    limits = Limits(
        seconds=arguments.limit,
        page_bytes=10 << 20,
        message_bytes=16 << 20,
        memory_bytes=arguments.memory << 20,
    )
    deadline = time.monotonic() + (arguments.seconds or float("inf"))
    with CleaningPool(arguments.processes, limits) as pool:
        running = Run(pool, limits.message_bytes)
        room = asyncio.Semaphore(arguments.processes)
        # Every process starts before anything is timed.
        await asyncio.gather(*(running.outcome(b"") for _ in range(arguments.processes)))

        async def one(place: int, item: Input) -> None:
            try:
                await running.take(item, again=place % AGAIN == 0)
            finally:
                room.release()

        waiting = set()
        for place, item in enumerate(inputs(arguments, real)):
            if time.monotonic() > deadline:
                print(f"stopped after {place} inputs")
                break
            await room.acquire()
            task = asyncio.create_task(one(place, item))
            waiting.add(task)
            task.add_done_callback(waiting.discard)
        await asyncio.gather(*waiting)
        _print_table(running.tallies)
        if arguments.save:
            for item, wrong, _ in running.found:
                await _save(arguments, running, item, wrong)
    violations = sum(violation for *_, violation in running.found)
    print(f"{len(running.found)} findings, {violations} violations")
    return int(violations > 0)


def _print_table(tallies: dict[str, Tally]) -> None:
    print("| kind | inputs | clean | rejected | median ms | slowest ms |")
    print("|---|---:|---:|---|---:|---:|")
    for kind, tally in tallies.items():
        rejected = ", ".join(
            f"{name} {count}" for name, count in tally.outcomes.most_common() if name != "clean"
        )
        print(
            f"| {kind} | {len(tally.times)} | {tally.outcomes['clean']} | {rejected} "
            f"| {statistics.median(tally.times):.1f} | {max(tally.times):.0f} |"
        )


async def _save(arguments: argparse.Namespace, running: Run, item: Input, wrong: str) -> None:
    """Write a finding into the folder, and with `--minimise` the smallest input like it."""
    arguments.save.mkdir(parents=True, exist_ok=True)
    name = item.name.replace(" ", "-").replace("/", "-")
    value = item.value or b""
    (arguments.save / f"{name}.json").write_bytes(value)
    if arguments.minimise:
        small = await minimised(running, value, wrong)
        (arguments.save / f"{name}.min.json").write_bytes(small)
        print(f"{item.name}: {len(value)} bytes, minimised to {len(small)}")


async def minimised(running: Run, value: bytes, wrong: str) -> bytes:
    """Find a small event that is wrong in the same way, by delta debugging (Zeller 1999).

    If the event has a body, only the body is made smaller.
    """
    parts, whole = _opened(value)
    size = max(1, len(parts) // 2)
    tries = 0
    while tries < TRIES:
        at, shrunk = 0, False
        while at < len(parts) and tries < TRIES:
            less = parts[:at] + parts[at + size :]
            tries += 1
            if (await running.outcome(whole(less)))[1] == wrong:
                parts, shrunk = less, True
            else:
                at += size
        if size == 1 and not shrunk:
            break
        size = max(1, size // 2)
    return whole(parts)


def _opened(value: bytes) -> tuple[bytes, Callable[[bytes], bytes]]:
    """The bytes that may be made smaller, and a function that makes an event of them again."""
    try:
        event = orjson.loads(value)
        body = event["body"].encode()
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, UnicodeError):
        return value, lambda parts: parts
    return body, lambda parts: orjson.dumps(event | {"body": parts.decode("utf-8", "replace")})


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--inputs", type=int, default=10_000, help="how many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0, help="stop after this time")
    parser.add_argument("--kind", default="", help="only the kinds that begin so")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--limit", type=float, default=10.0, help="seconds for one page")
    parser.add_argument("--memory", type=int, default=2048, help="MiB for one page")
    parser.add_argument("--huge", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--save", type=Path, help="write the findings into this folder")
    parser.add_argument("--minimise", action="store_true", help="with --save: make them small")
    arguments = parser.parse_args()
    return asyncio.run(run(arguments))


if __name__ == "__main__":
    sys.exit(main())
