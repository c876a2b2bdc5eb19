"""The workers as processes, and the supervisor that starts each one again when it ends.

Invariant: every worker has a data folder, a port and a log of its own. It is started again a second
after it ended, however it ended. A signal to a worker goes to its whole process group, as a service
manager sends it.

Everything happens in the one thread that calls `tend` or `sleep`, because a child that ends with
its parent ends with the thread that made it.
"""

import contextlib
import ctypes
import dataclasses
import os
import resource
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from helpers import harness
from streams.settings import Settings
from streams.testing.broker import die_with_parent
from streams.testing.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
RESTART_SECONDS = 1.0
STOP_SECONDS = 30.0
TICK_SECONDS = 0.05
COMMAND = ("-m", "streams.cli.main", "worker")
QUOTA = "64m"
"""The size of a data folder that is a file system of its own."""

FILLER = ".filler"
_CLONE_NEWNS = 0x20000


@dataclasses.dataclass(slots=True, kw_only=True, eq=False)
class Worker:
    """One worker.

    Attributes:
        number: from 0.
        settings: with its own data folder and port.
        log: the file for its output.
        process: None while it should not run or waits for its restart.
        started: when its process was started, on the monotonic clock.
        again: when to start it next, on the same clock; None if it should not run.
        stopping: when to kill it after a SIGTERM, on the same clock; None without a SIGTERM.
        paused: whether a signal has stopped it.
        frozen: whether it stays stopped for longer than its session.
        full: whether its data folder has no room.
        mounted: whether its data folder is a file system of its own.
    """

    number: int
    settings: Settings
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    again: float | None = 0.0
    stopping: float | None = None
    paused: bool = False
    frozen: bool = False
    full: bool = False
    mounted: bool = False

    @property
    def folder(self) -> Path:
        """The worker's data folder."""
        return self.settings.data_dir


class Fleet:
    """All workers; use as a context manager.

    Args:
        settings: the settings of all workers; each gets its own data folder and port.
        root: the folder for their data folders and logs.
        count: how many workers there are from the beginning.
        command: the arguments for Python.
        mounts: whether each data folder should be a file system of its own, if that is permitted.
    """

    def __init__(
        self,
        settings: Settings,
        root: Path,
        count: int,
        *,
        command: Sequence[str] = COMMAND,
        mounts: bool = False,
    ) -> None:
        self._settings = settings
        self._root = root
        self._command = [sys.executable, *command]
        self._mounts = mounts and _own_mounts()
        self._timers: list[tuple[float, Callable[[], None]]] = []
        self.workers: list[Worker] = []
        self.ends: Counter[str] = Counter()
        self.kills = 0
        for _ in range(count):
            self.add()

    def __enter__(self) -> Self:
        self.tend()
        return self

    def __exit__(self, *_: object) -> None:
        self._timers.clear()
        for worker in self.workers:
            worker.again = None
            if worker.process is not None:
                self._signal(worker, signal.SIGKILL)
                worker.process.wait()
            if worker.mounted:
                _run("umount", "--lazy", str(worker.folder))

    def add(self) -> Worker:
        """Add a worker; the next tick starts it."""
        number = len(self.workers)
        folder = self._root / f"worker-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        worker = Worker(
            number=number,
            settings=self._settings.model_copy(
                update={"data_dir": folder, "web_port": free_port()}
            ),
            log=self._root / f"worker-{number}.log",
            mounted=self._mounts and _mount(folder),
        )
        self.workers.append(worker)
        return worker

    @property
    def running(self) -> list[Worker]:
        """The workers with a process that no signal has stopped."""
        return [w for w in self.workers if w.process is not None and not w.paused]

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        """Call `what` at the first tick after that many seconds."""
        self._timers.append((time.monotonic() + seconds, what))

    @property
    def is_settled(self) -> bool:
        """Whether no call of `later` is still due."""
        return not self._timers

    def sleep(self, seconds: float) -> None:
        """Wait, and tend the workers meanwhile."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.tend()
            time.sleep(min(TICK_SECONDS, left))
        self.tend()

    def wait(self, until: Callable[[], bool], seconds: float, step: float = 0.5) -> bool:
        """Tend the workers until a condition holds.

        Args:
            until: the condition.
            seconds: how long to wait at most.
            step: seconds between two looks at the condition.

        Returns:
            Whether it holds.
        """
        deadline = time.monotonic() + seconds
        while not (so := until()) and time.monotonic() < deadline:
            self.sleep(step)
        return so

    def tend(self) -> None:
        """Note which workers ended, start them again, and make the calls that are due."""
        now = time.monotonic()
        for worker in self.workers:
            self._tend(worker, now)
        due = [entry for entry in self._timers if entry[0] <= now]
        for entry in due:
            self._timers.remove(entry)
            entry[1]()

    def _tend(self, worker: Worker, now: float) -> None:
        process = worker.process
        if process is not None and process.poll() is not None:
            self.ends[_how(process.returncode)] += 1
            # The rest of its process group ends with it.
            self._signal(worker, signal.SIGKILL)
            worker.process, worker.paused, worker.stopping = None, False, None
            if worker.again is not None:
                worker.again = now + RESTART_SECONDS
        elif worker.stopping is not None and now > worker.stopping:
            self.ends[f"killed, {STOP_SECONDS:g} s after SIGTERM"] += 1
            self._signal(worker, signal.SIGKILL)
            worker.stopping = None
        if worker.process is None and worker.again is not None and worker.again <= now:
            self._start(worker)

    def _start(self, worker: Worker) -> None:
        with worker.log.open("ab") as output:
            worker.process = subprocess.Popen(  # noqa: S603 - our own command line
                self._command,
                # The worker runs the code of this repository, whatever else is installed.
                env=harness.environment(worker.settings) | {"PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - as in streams/testing/broker.py
            )
        worker.started = time.monotonic()
        if worker.full and not worker.mounted:
            _limit(worker, 0)

    def kill(self, worker: Worker) -> None:
        """Send SIGKILL to the worker and its cleaning processes."""
        if worker.process is not None and worker.process.poll() is None:
            self.kills += 1
            self._signal(worker, signal.SIGKILL)
            worker.process.wait()

    def terminate(self, worker: Worker) -> None:
        """Send SIGTERM to the worker and its cleaning processes, and later SIGKILL to the rest."""
        if worker.process is not None:
            self._signal(worker, signal.SIGTERM)
            worker.stopping = time.monotonic() + STOP_SECONDS

    def pause(self, worker: Worker) -> None:
        """Send SIGSTOP to the worker and its cleaning processes."""
        if worker.process is not None:
            worker.paused = True
            self._signal(worker, signal.SIGSTOP)

    def go_on(self, worker: Worker) -> None:
        """Send SIGCONT to the worker and its cleaning processes."""
        worker.paused = False
        self._signal(worker, signal.SIGCONT)

    def fill(self, worker: Worker) -> None:
        """Leave no room in the worker's data folder."""
        worker.full = True
        if not worker.mounted:
            _limit(worker, 0)
            return
        with contextlib.suppress(OSError), (worker.folder / FILLER).open("wb") as file:
            while True:
                file.write(bytes(1 << 20))
                file.flush()

    def make_room(self, worker: Worker) -> None:
        """Undo `fill`."""
        worker.full = False
        if worker.mounted:
            (worker.folder / FILLER).unlink(missing_ok=True)
        else:
            _limit(worker, resource.RLIM_INFINITY)

    def ready(self) -> bool:
        """Whether every worker that should run says that it is ready."""
        return all(_is_ready(worker) for worker in self.workers if worker.again is not None)

    def stop(self) -> None:
        """Send SIGTERM to all workers, and start none again."""
        for worker in self.workers:
            worker.again = None
            if worker.paused:
                self.go_on(worker)
            self.terminate(worker)
        self.wait(lambda: not any(w.process for w in self.workers), STOP_SECONDS + 5)

    @staticmethod
    def _signal(worker: Worker, number: signal.Signals) -> None:
        if worker.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(worker.process.pid, number)


def _own_mounts() -> bool:
    """Give this process its own mounts, which only its children see and which end with them.

    Returns:
        Whether that worked.
    """
    if sys.platform != "linux" or os.geteuid():
        return False
    return not ctypes.CDLL(None).unshare(_CLONE_NEWNS) and _run("mount", "--make-rprivate", "/")


def _mount(folder: Path) -> bool:
    return _run("mount", "-t", "tmpfs", "-o", f"size={QUOTA}", "none", str(folder))


def _run(*command: str) -> bool:
    """Run a command of the system; returns whether it went well."""
    done = subprocess.run(["/usr/bin/env", *command], capture_output=True, check=False)  # noqa: S603 - our own command line
    return not done.returncode


def _limit(worker: Worker, size: int) -> None:
    """Let the worker write no file beyond a size: the substitute for a full file system."""
    if worker.process is not None:
        with contextlib.suppress(ProcessLookupError):
            hard = resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE)[1]
            resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE, (size, hard))


def _is_ready(worker: Worker) -> bool:
    try:
        url = f"http://127.0.0.1:{worker.settings.web_port}/readyz"
        with urllib.request.urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004 - OK
    except OSError:
        return False


def _how(code: int) -> str:
    if code == -signal.SIGKILL:
        return "SIGKILL"
    return f"signal {-code}" if code < 0 else f"exit code {code}"
