"""The memory of a worker's processes, read from `/proc`.

Invariant: it is read at most every `LOOK_SECONDS`, in a thread, because the kernel walks the tables
of pages of a process for it. Systems without `/proc` give no figures.
"""

import asyncio
import dataclasses
import multiprocessing
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

LOOK_SECONDS = 5.0

ProcessRole = Literal["worker", "cleaning"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ProcessMemory:
    """The memory of one process.

    Attributes:
        role: the worker itself, or one of its cleaning processes.
        number: 0 for the worker; cleaning processes are numbered from 0, the oldest first.
        resident: bytes in memory (RSS). Pages that processes share count in each.
        proportional: bytes in memory (PSS). A page that n processes share counts 1/n in each.
    """

    role: ProcessRole
    number: int
    resident: int
    proportional: int


class MemoryMeter:
    """Keeps the last measurement.

    Attributes:
        latest: the memory of each process when it was last measured.
    """

    def __init__(self) -> None:
        self.latest: list[ProcessMemory] = []
        self._due = 0.0

    async def look(self) -> None:
        """Measure, if the last measurement is `LOOK_SECONDS` old."""
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + LOOK_SECONDS
        children = [child.pid for child in multiprocessing.active_children()]
        pids = sorted(pid for pid in children if pid is not None)
        self.latest = await asyncio.to_thread(measure, os.getpid(), pids)


def measure(worker: int, cleaning: Sequence[int]) -> list[ProcessMemory]:
    """Measure processes by their ids; a process that has ended meanwhile is left out."""
    named: list[tuple[ProcessRole, int, int]] = [("worker", 0, worker)]
    named += [("cleaning", number, pid) for number, pid in enumerate(cleaning)]
    found = []
    for role, number, pid in named:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii", errors="replace")
        except OSError:
            continue
        fields = {
            words[0]: int(words[1]) * 1024
            for line in text.splitlines()
            if len(words := line.split()) > 1 and words[0] in {"Rss:", "Pss:"}
        }
        found.append(
            ProcessMemory(
                role=role,
                number=number,
                resident=fields.get("Rss:", 0),
                proportional=fields.get("Pss:", 0),
            )
        )
    return found
