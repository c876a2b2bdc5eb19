"""The faults, drawn from a seed.

Invariant: a fault is recorded when it is done, with its time and what it hit. At most one broker is
away at a time, and the next one is killed only after all copies are in sync again. At least two
workers are left to run or to be started again. All other faults may coincide.

(In Jepsen, the nemesis is the process that makes the others fail.)
"""

import contextlib
import dataclasses
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from faultrun.fleet import FILLER, Fleet, Worker
from faultrun.observe import is_replicated
from streams.settings import Settings
from streams.testing.broker import EmbeddedBroker

Fault = Literal[
    "kill", "burst", "zombie", "terminate", "join", "broker", "full-disk", "state", "slow"
]

WHAT: Mapping[Fault, str] = {
    "kill": "SIGKILL of a worker",
    "burst": "SIGKILL of two or three workers at once",
    "zombie": "SIGSTOP of a worker past its session, then SIGCONT",
    "terminate": "SIGTERM of a worker",
    "join": "a further worker comes, and goes again",
    "broker": "SIGKILL of a broker, and its restart",
    "full-disk": "no room in a worker's data folder, and its SIGKILL",
    "state": "SIGKILL of a worker, and damage to its data folder",
    "slow": "a worker that runs a fifth of the time",
}

WEIGHTS: Mapping[Fault, int] = {
    "kill": 8,
    "burst": 3,
    "zombie": 4,
    "terminate": 3,
    "join": 3,
    "full-disk": 2,
    "state": 3,
    "slow": 2,
}
"""The weights for drawing further faults once each kind was done. Faults of brokers are not drawn:
they come evenly in between."""

RIPE_SECONDS = 5.0
"""Younger workers are hit only if there are no others, because they have nothing to lose yet."""

IN_STEP_SECONDS = 60.0
EMPTY = "nothing in it"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A fault that was done.

    Attributes:
        at: seconds since the beginning.
        fault: which one.
        detail: what it hit, for people.
    """

    at: float
    fault: Fault
    detail: str


class Nemesis:
    """Does one fault after the other.

    Args:
        seed: everything that is drawn follows from it.
        fleet: the workers.
        brokers: the brokers that may be killed.
        settings: the brokers' addresses, and the session timeout of workers.
        only: the faults that are drawn; those of brokers come on top.
    """

    def __init__(
        self,
        seed: int,
        fleet: Fleet,
        brokers: Sequence[EmbeddedBroker],
        settings: Settings,
        only: Sequence[Fault] = tuple(WEIGHTS),
    ) -> None:
        self._draw = random.Random(f"{seed} nemesis")  # noqa: S311 - faults, no secret
        self._fleet = fleet
        self.brokers = brokers
        self.only = only
        self._settings = settings
        self._began = time.monotonic()
        self._down: EmbeddedBroker | None = None
        self.log: list[Entry] = []

    @property
    def counts(self) -> Counter[Fault]:
        """How often each fault was done."""
        return Counter(entry.fault for entry in self.log)

    def plan(self, count: int, brokers: int) -> list[Fault]:
        """Put faults in an order: every kind once, then as drawn, with those of brokers in between.

        Args:
            count: how many faults, without those of brokers; at least one of each kind.
            brokers: how many faults of brokers.
        """
        kinds, weights = list(self.only), [WEIGHTS[kind] for kind in self.only]
        others = self._draw.choices(kinds, weights, k=max(0, count - len(kinds)))
        planned = self._draw.sample(kinds, len(kinds)) + others
        every = len(planned) / max(1, brokers)
        for n in range(brokers if self.brokers else 0):
            planned.insert(int((n + 0.5) * every) + n, "broker")
        return planned

    def strike(self, fault: Fault) -> None:
        """Do a fault, if it can be done; later ticks of the fleet end it."""
        does: Mapping[Fault, Callable[[], str]] = {
            "kill": self._kill,
            "burst": self._burst,
            "zombie": self._zombie,
            "terminate": self._terminate,
            "join": self._join,
            "broker": self._kill_broker,
            "full-disk": self._fill,
            "state": self._damage,
            "slow": self._slow,
        }
        detail = does[fault]()
        if not detail:
            return
        at = time.monotonic() - self._began
        self.log.append(Entry(at=round(at, 1), fault=fault, detail=detail))

    def pause(self) -> float:
        """Draw the seconds between the stream's next step and the next fault."""
        return self._draw.uniform(0.0, 2.0)

    def _victims(self, count: int = 1) -> list[Worker]:
        running = [worker for worker in self._fleet.running if worker.stopping is None]
        while not running:
            self._fleet.sleep(0.2)
            running = [worker for worker in self._fleet.running if worker.stopping is None]
        ripe = [w for w in running if time.monotonic() - w.started > RIPE_SECONDS]
        rest = [w for w in running if w not in ripe]
        self._draw.shuffle(ripe)
        self._draw.shuffle(rest)
        return [*ripe, *rest][:count]

    def _kill(self) -> str:
        (worker,) = self._victims()
        self._fleet.kill(worker)
        return f"worker {worker.number}"

    def _burst(self) -> str:
        workers = self._victims(self._draw.choice((2, 2, 3)))
        for worker in workers:
            self._fleet.kill(worker)
        return "workers " + ", ".join(str(worker.number) for worker in workers)

    def _zombie(self) -> str:
        (worker,) = self._victims()
        seconds = self._settings.session_timeout + self._draw.uniform(2, 6)
        self._fleet.pause(worker)
        worker.frozen = True

        def wake() -> None:
            worker.frozen = False
            self._fleet.go_on(worker)

        self._fleet.later(seconds, wake)
        return f"worker {worker.number} for {seconds:.1f} s"

    def _terminate(self) -> str:
        (worker,) = self._victims()
        self._fleet.terminate(worker)
        return f"worker {worker.number}"

    def _join(self) -> str:
        idle = [worker for worker in self._fleet.workers if worker.again is None]
        worker = idle[0] if idle else self._fleet.add()
        worker.again = time.monotonic()
        seconds = self._draw.uniform(6, 12)

        def leave() -> None:
            worker.again = None
            self._fleet.terminate(worker)

        self._fleet.later(seconds, leave)
        return f"worker {worker.number} for {seconds:.1f} s"

    def _kill_broker(self) -> str:
        if not self._fleet.wait(
            lambda: self._down is None and is_replicated(self._settings), IN_STEP_SECONDS
        ):
            return ""
        broker = self._down = self._draw.choice(self.brokers)
        number = self.brokers.index(broker) + 1
        broker.kill()
        # Either shorter or longer than the time after which the other brokers fence it.
        seconds = self._draw.choice((1.0, 8.0))
        self._fleet.later(seconds, lambda: self._bring_back(broker))
        return f"broker {number} for {seconds:g} s"

    def _bring_back(self, broker: EmbeddedBroker) -> None:
        broker.launch()
        self._fleet.later(1.0, lambda: self._await(broker))

    def _await(self, broker: EmbeddedBroker) -> None:
        if broker.answers():
            self._down = None
        else:
            self._fleet.later(0.5, lambda: self._await(broker))

    def _fill(self) -> str:
        (worker,) = self._victims()
        self._fleet.fill(worker)
        # The kill makes the worker start without room as well.
        self._fleet.later(2.0, lambda: self._fleet.kill(worker))
        seconds = self._draw.uniform(6, 9)
        self._fleet.later(seconds, lambda: self._fleet.make_room(worker))
        how = "a file system of its own" if worker.mounted else "a limit on the size of files"
        return f"worker {worker.number} for {seconds:.1f} s, by {how}"

    def _damage(self) -> str:
        (worker,) = self._victims()
        if self._draw.random() < 0.5:  # noqa: PLR2004 - half of them while it runs
            done = damage(worker.folder, self._draw)
            self._fleet.kill(worker)
        else:
            self._fleet.kill(worker)
            done = damage(worker.folder, self._draw)
        return f"worker {worker.number}: {done}"

    def _slow(self) -> str:
        (worker,) = self._victims()
        slices = self._draw.randint(8, 14)

        def run(left: int) -> None:
            if worker.process is None or worker.frozen:
                return
            self._fleet.go_on(worker)
            if left:
                self._fleet.later(0.2, lambda: halt(left - 1))

        def halt(left: int) -> None:
            if worker.process is None or worker.stopping is not None or worker.frozen:
                return
            self._fleet.pause(worker)
            self._fleet.later(0.8, lambda: run(left))

        halt(slices)
        return f"worker {worker.number} for {slices} s"


def damage(folder: Path, draw: random.Random) -> str:
    """Delete everything in a folder, or truncate, flip or delete files; returns what was done."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != FILLER)
    if not files:
        return EMPTY
    if draw.random() < 0.4:  # noqa: PLR2004 - a share
        for path in folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        return f"all {len(files)} files deleted"
    done: Counter[str] = Counter()
    for path in files:
        how = draw.choice(("truncated", "flipped", "deleted", "spared"))
        with contextlib.suppress(OSError):
            data = bytearray(path.read_bytes())
            if how == "deleted":
                path.unlink()
            elif how == "truncated":
                path.write_bytes(data[: draw.randint(0, len(data))])
            elif how == "flipped" and data:
                for _ in range(draw.randint(1, 8)):
                    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
                path.write_bytes(data)
            done[how] += 1
    return ", ".join(f"{count} {how}" for how, count in sorted(done.items()))
