"""Processes that may die, on systems as others found them: what went wrong for them must not for us."""

import asyncio
import errno
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from cleanwire.errors import TimeLimit
from helpers.killable import ask, digest
from streams.runtime.killable import shared_memory
from streams.runtime.killable.ring import RING_BYTES

HERE = Path(__file__).resolve().parents[1]
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has it")


PROGRAM = """
import asyncio, os, signal, sys
from helpers.killable_work import answer
from streams.runtime.killable.child import Role
from streams.runtime.killable.processes import KillableProcesses

async def run(seconds, *requests):
    pool = KillableProcesses(1, Role(handler=answer, seconds=seconds))
    print((await pool.ask([b"who "])).decode(), flush=True)
    for request in requests:
        if request == b"idle":
            await asyncio.sleep(600)
        print(await pool.ask([request]), flush=True)
    pool.close()

if __name__ == "__main__":
    asyncio.run(run(float(sys.argv[1]), *(word.encode() for word in sys.argv[2:])))
"""


def program(tmp_path, *arguments, **options):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return subprocess.Popen(
        [sys.executable, str(path), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": f"{HERE}:{HERE.parent}"},
        **options,
    )


@pytest.mark.slow
@pytest.mark.parametrize("request_", ["sleep 600", "idle"])
def test_a_process_does_not_outlive_a_parent_that_is_killed(tmp_path, request_):
    """A pool's processes stayed for ever once their parent was gone, some of them busy."""
    with program(tmp_path, "0.5", request_) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        time.sleep(0.1)
        parent.kill()
        gone, _ = psutil.wait_procs([child], timeout=20)
        assert gone == [child]


def ignore_the_end_of_children():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)


WHAT_SIGCHLD_DOES = """
import atexit, signal
from streams.cli.main import main
atexit.register(lambda: print(signal.getsignal(signal.SIGCHLD).name))
main(["--version"])
"""


def test_a_command_notices_the_end_of_its_processes_though_its_parent_ignored_it():
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            WHAT_SIGCHLD_DOES,
        ],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=ignore_the_end_of_children,
        cwd=HERE.parent,
    )
    assert said.stdout.splitlines()[-1] == "SIG_DFL"


@pytest.mark.slow
def test_where_the_end_of_children_is_ignored_pages_have_their_outcomes_and_the_program_ends(
    tmp_path,
):
    """Under a parent that ignores SIGCHLD the kernel keeps no exit code, and waiting for it fails."""

    requests = ("exit 3", "digest x", "exit 3")
    with program(tmp_path, "60", *requests, preexec_fn=ignore_the_end_of_children) as ran:
        out, _ = ran.communicate(timeout=60)
    assert ran.returncode == 0
    assert out.count("parser-crashed") == 2
    assert digest(b"x").decode() in out


@pytest.fixture
def no_memfd(monkeypatch):
    """A system, or a sandbox, that refuses `memfd_create`, as seccomp filters and old kernels do."""

    def refuses(*_):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "memfd_create", refuses, raising=False)


@pytest.mark.usefixtures("no_memfd")
def test_without_memfd_an_unlinked_file_is_shared(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    body = os.urandom(RING_BYTES + 1)
    assert ask(b"digest " + body, b"exit 1", b"digest y")[::2] == [digest(body), digest(b"y")]
    assert not list(tmp_path.iterdir())


@on_linux
def test_a_kernel_before_the_flag_of_6_3_still_gives_memory(monkeypatch):
    """Without the flag newer kernels warn or refuse; with it older ones say EINVAL."""
    asked, create = [], os.memfd_create

    def old(name, flags):
        asked.append(flags)
        if flags & shared_memory._NOEXEC_SEAL:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return create(name, flags)

    monkeypatch.setattr(os, "memfd_create", old)
    memory = shared_memory.SharedMemory.made(100)
    memory.grow(5000)
    assert len(memory.map) == 5000
    memory.close()
    assert [bool(flags & shared_memory._NOEXEC_SEAL) for flags in asked] == [True, False]


@on_linux
def test_a_process_cannot_take_shared_memory_away_nor_run_it():
    file = shared_memory.memory_file(8192)
    with pytest.raises(PermissionError):
        os.ftruncate(file, 1)
    with pytest.raises(OSError, match="not permitted"):
        os.fchmod(file, 0o700)
    assert fcntl.fcntl(file, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
    os.close(file)


ROOM = """
import resource
from streams.runtime.killable.shared_memory import *
resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, 2 << 20))

def grow():
    memory = SharedMemory(unlinked_file(1 << 20))
    try:
        memory.grow(3 << 20)
    finally:
        memory.map[:] = b"x" * (1 << 20)

"""


@on_linux
@pytest.mark.parametrize("call", ["unlinked_file(3 << 20)", "grow()"])
def test_where_there_is_no_room_asking_fails_and_no_write_does(call):
    """A full /dev/shm ended others' processes by SIGBUS, when they wrote to memory that they had."""
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            ROOM + f"try: {call}\nexcept OSError as error: print(error.strerror)",
        ],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(HERE.parent)},
    )
    assert said.stdout == "File too large\n"


@pytest.mark.slow
def test_a_parent_that_stands_still_finds_the_page_at_its_limit():
    """The process ends itself then; what it left says which page it was."""

    async def stand_still(_):
        await asyncio.sleep(0.1)
        time.sleep(7)  # noqa: ASYNC251 - that is the fault

    hung, other = ask(b"sleep 60", b"digest x", seconds=0.5, before=stand_still)
    assert isinstance(hung, TimeLimit)
    assert other == digest(b"x")


@pytest.mark.slow
def test_a_parent_that_stands_still_costs_no_process_that_waits_for_it():
    """An answer that fills the socket waits until the parent reads it."""
    answers = []

    async def stand_still(pool):
        answers.append(await pool.ask([b"who "]))
        large = [asyncio.create_task(pool.ask([b"repeat " + b"x" * 100])) for _ in range(3)]
        await asyncio.sleep(0.1)
        time.sleep(7)  # noqa: ASYNC251 - that is the fault
        assert [len(each) for each in await asyncio.gather(*large)] == [10_000_000] * 3
        answers.append(await pool.ask([b"who "]))

    ask(seconds=0.5, before=stand_still)
    assert answers[0] == answers[1]
