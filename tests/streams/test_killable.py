"""Processes that may die at any moment: one answer for each page, and the blame where it belongs."""

import asyncio
import errno
import multiprocessing
import os
import random
import signal
import socket
import sys
import time
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleanwire.errors import ParserCrashed, TimeLimit
from helpers.killable import ask, digest
from helpers.killable_work import answer
from streams.errors import OperationalError
from streams.runtime.killable import processes as module
from streams.runtime.killable.calls import CallingProcesses
from streams.runtime.killable.child import Role
from streams.runtime.killable.clock import CLOCK_BYTES, Clock, Reading
from streams.runtime.killable.processes import KillableProcesses
from streams.runtime.killable.ring import AHEAD_BYTES, AHEAD_PAGES, RING_BYTES, Ring

HERE = Path(__file__).resolve().parents[1]
on_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="reads /proc, or what Linux alone has"
)


def pids():
    return {child.pid for child in multiprocessing.active_children()}


@given(st.lists(st.tuples(st.integers(1, AHEAD_BYTES), st.integers(0, 4)), max_size=60))
def test_requests_in_the_ring_never_overlap_and_a_free_ring_takes_any(steps):
    ring, held = Ring(64), []
    for size, leaving in steps:
        for _ in range(min(leaving, len(held))):
            ring.leave(held.pop(0)[1])
        if not ring.has_room(size):
            assert held
            continue
        start = ring.place(size)
        assert 64 <= start <= start + size <= ring.end == 64 + RING_BYTES
        assert all(start + size <= other or other + held_size <= start for other, held_size in held)
        held.append((start, size))
        assert len(held) <= AHEAD_PAGES
        assert sum(held_size for _, held_size in held) == ring.bytes <= AHEAD_BYTES


def test_a_request_larger_than_the_ring_is_alone_in_it():
    ring = Ring(64)
    ring.place(1)
    assert not ring.has_room(RING_BYTES + 1)
    ring.leave(1)
    assert ring.has_room(RING_BYTES + 1)
    assert ring.place(RING_BYTES + 1) == 64
    assert ring.end == 64 + RING_BYTES + 1
    assert not ring.has_room(1)


def test_a_clock_says_what_is_worked_on_and_never_blames_what_is_finished():
    memory = bytearray(CLOCK_BYTES)
    clock, parent = Clock(memoryview(memory)), Clock(memoryview(memory))
    assert parent.read() == Reading(0, 0.0, 0)
    before = time.monotonic()
    clock.begin(7)
    assert parent.read().number == 7
    assert before <= parent.read().began <= time.monotonic()
    clock.finish()
    assert parent.read() == Reading(0, 0.0, 7)
    # The process died in the middle of `finish`.
    clock._numbers[0] = 7
    assert parent.read().number == 0


def test_requests_of_all_sizes_arrive_whole_and_in_pieces():
    r = random.Random(5)
    sizes = [r.choice([1, 40, 9_000, 300_000, AHEAD_BYTES, RING_BYTES - 7]) for _ in range(60)]
    sizes[20:20] = [RING_BYTES + 1, 3 * RING_BYTES, 5]
    bodies = [r.randbytes(size) for size in sizes]
    assert ask(*(b"digest " + body for body in bodies), count=2) == [digest(b) for b in bodies]

    async def pieces():
        with KillableProcesses(1, Role(handler=answer, seconds=9)) as pool:
            return await pool.ask([b"dig", b"", b"est ", b"abc"])

    assert asyncio.run(pieces()) == digest(b"abc")


def test_an_answer_larger_than_all_buffers_arrives_whole():
    assert ask(b"repeat " + b"0123456789" * 10, b"digest x") == [
        b"0123456789" * 1_000_000,
        digest(b"x"),
    ]


@pytest.mark.parametrize(
    ("request_", "said"),
    [(b"exit 7", "exit code 7"), (b"signal 11", "exit code -11"), (b"raise ", "exit code 1")],
)
def test_a_page_that_ends_its_process_is_the_only_one_blamed(request_, said):
    good = [b"digest %d" % n for n in range(5)]
    first, *answers = ask(request_, *good)
    assert isinstance(first, ParserCrashed)
    assert first.detail == f"the cleaning process died ({said})"
    assert answers == [digest(b"%d" % n) for n in range(5)]
    answers = ask(*good[:3], request_, *good[3:])
    assert isinstance(answers.pop(3), ParserCrashed)
    assert answers == [digest(b"%d" % n) for n in range(5)]


def test_pages_behind_many_that_end_their_process_are_still_answered():
    # More of them in one window than a page is ever tried.
    answers = ask(*[b"exit 3"] * 5, b"digest x", *[b"exit 3"] * 2, b"digest y")
    assert [type(one).__name__ for one in answers[:5]] == ["ParserCrashed"] * 5
    assert answers[5] == digest(b"x")
    assert answers[8] == digest(b"y")


@pytest.mark.slow
def test_a_page_that_hangs_is_a_time_limit_and_those_behind_it_are_answered():
    answers = ask(b"digest a", b"sleep 60", *[b"digest b"] * 9, seconds=0.5)
    hung = answers.pop(1)
    assert isinstance(hung, TimeLimit)
    assert hung.detail == "cleaning took longer than 0.5 s"
    assert answers == [digest(b"a")] + [digest(b"b")] * 9


@pytest.mark.slow
def test_a_stopped_process_costs_its_page_and_no_other():
    stop = b"signal %d" % signal.SIGSTOP
    answers = ask(*[b"sleep 0.01"] * 8, stop, *[b"sleep 0.01"] * 15, count=2, seconds=1.0)
    assert isinstance(answers.pop(8), TimeLimit)
    assert answers == [b"slept"] * 23


@pytest.mark.slow
def test_a_process_that_is_stopped_between_two_pages_costs_none(monkeypatch):
    monkeypatch.setattr(module, "LEAST_PATIENCE", 1.0)

    async def run():
        with KillableProcesses(1, Role(handler=answer, seconds=1.0)) as pool:
            await pool.ask([b"who "])
            (stopped,) = pids()
            os.kill(stopped, signal.SIGSTOP)
            found = await asyncio.wait_for(pool.ask([b"who "]), 60)
            assert stopped not in pids()
            return stopped, int(found)

    stopped, found = asyncio.run(run())
    assert stopped != found


@pytest.mark.timeout(150)
@pytest.mark.slow
def test_each_page_has_one_right_outcome_while_processes_are_killed_again_and_again():
    pages = [b"sleep 0.005" if n % 3 else b"digest %d" % n for n in range(400)]
    killed = []

    async def kill(_):
        draw = random.Random(3)
        for _ in range(25):
            await asyncio.sleep(0.25)
            if children := multiprocessing.active_children():
                one = draw.choice(children)
                killed.append(one.pid)
                os.kill(one.pid, draw.choice([signal.SIGKILL, signal.SIGSEGV]))

    # The first process of all leaves the tracker of multiprocessing's resources.
    ask(b"who ")
    began = descriptors()
    answers = ask(*pages * 3, count=2, before=kill)
    crashed = [one for one in answers if isinstance(one, ParserCrashed)]
    assert len(crashed) <= len(killed)
    assert {one.reason for one in crashed} <= {"parser-crashed"}
    for page, found in zip(pages * 3, answers, strict=True):
        right = b"slept" if page.startswith(b"sleep") else digest(page.partition(b" ")[2])
        assert found == right or isinstance(found, ParserCrashed)
    assert descriptors() == began


def descriptors():
    return psutil.Process().num_fds()


def test_processes_are_replaced_after_their_share_and_nothing_of_them_stays(monkeypatch):
    monkeypatch.setattr(module, "PAGES_PER_PROCESS", 3)
    ask(b"who ")
    began = descriptors()
    answers = ask(*[b"who "] * 16)
    served = [answers.count(pid) for pid in dict.fromkeys(answers)]
    # Two pages came before these, to the first process.
    assert served == [1, 3, 3, 3, 3, 3]
    assert descriptors() == began
    assert not [one for one in psutil.Process().children() if one.status() == "zombie"]


def test_who_no_longer_waits_for_a_page_disturbs_no_other():
    async def run():
        with KillableProcesses(1, Role(handler=answer, seconds=30)) as pool:
            await pool.ask([b"who "])
            tasks = [asyncio.create_task(pool.ask([b"sleep 0.01"])) for _ in range(40)]
            await asyncio.sleep(0.05)
            for task in tasks[::2]:
                task.cancel()
            return await asyncio.gather(*tasks, return_exceptions=True)

    answers = asyncio.run(run())
    assert answers[1::2] == [b"slept"] * 20
    assert {type(one) for one in answers[::2]} <= {bytes, asyncio.CancelledError}
    assert asyncio.CancelledError in map(type, answers)


def test_closing_ends_all_processes_whatever_they_do_and_nobody_waits_on():
    async def run():
        pool = KillableProcesses(2, Role(handler=answer, seconds=60))
        with pool:
            await pool.ask([b"who "])
            tasks = [asyncio.create_task(pool.ask([b"sleep 60"])) for _ in range(20)]
            await asyncio.sleep(0.1)
        began = time.monotonic()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        with pytest.raises(RuntimeError, match="closed"):
            await pool.ask([b"who "])
        return ended, time.monotonic() - began

    ended, seconds = asyncio.run(run())
    assert {type(one) for one in ended} == {asyncio.CancelledError}
    assert seconds < 2
    assert not multiprocessing.active_children()


def test_one_event_loop_after_another_can_ask():
    with KillableProcesses(1, Role(handler=answer, seconds=30)) as pool:
        first = asyncio.run(pool.ask([b"who "]))
        assert asyncio.run(pool.ask([b"who "])) == first


def test_a_process_leaves_the_end_to_its_parent():
    async def run():
        with KillableProcesses(1, Role(handler=answer, seconds=30)) as pool:
            pid = await pool.ask([b"who "])
            task = asyncio.create_task(pool.ask([b"sleep 0.3"]))
            await asyncio.sleep(0.1)
            for number in (signal.SIGINT, signal.SIGTERM):
                os.kill(int(pid), number)
            return await task, pid == await pool.ask([b"who "])

    assert asyncio.run(run()) == (b"slept", True)


@pytest.mark.slow
def test_processes_that_cannot_start_are_an_operational_error_and_no_pages_fault():
    role = Role(handler=answer, seconds=30, preload=("no_such_module",))

    async def run():
        with KillableProcesses(1, role) as pool:
            for _ in range(2):
                with pytest.raises(OperationalError, match="can be started: exit code 1"):
                    await asyncio.wait_for(pool.ask([b"who "]), 60)

    asyncio.run(run())


def test_a_system_without_descriptors_is_an_operational_error_until_it_has_some(monkeypatch):
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.01)

    def none():
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    async def run():
        with KillableProcesses(2, Role(handler=answer, seconds=30)) as pool:
            began = descriptors()
            with monkeypatch.context() as patched:
                patched.setattr(socket, "socketpair", none)
                with pytest.raises(OperationalError, match="Too many open files"):
                    await pool.ask([b"who "])
            assert descriptors() == began
            return await pool.ask([b"digest x"])

    assert asyncio.run(run()) == digest(b"x")


def test_a_call_returns_and_raises_what_its_function_does():
    async def run():
        with CallingProcesses(1, seconds=30, work="explaining") as processes:
            with pytest.raises(ValueError, match="invalid literal"):
                await processes.run(int, "x")
            died = await processes.run(os._exit, 4)
            return await processes.run(int, "5"), died

    number, died = asyncio.run(run())
    assert number == 5
    assert died.detail == "the explaining process died (exit code 4)"
