"""`cleanwire clean` of a few pages: no pool, and yet no page costs more than itself."""

import asyncio
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import orjson
import psutil
import pytest

from cleanwire import native
from cleanwire.errors import NotJson, ParserCrashed, TimeLimit
from cleanwire.events import Source
from helpers.hostile_pages import corpus
from streams import few_pages, offline, policy
from streams.cleaning import forked_page
from streams.cleaning.forked_page import clean_forked
from streams.cleaning.page_cleaning import Cleaned, Limits, clean_timed
from streams.cli import clean as command
from streams.cli.main import run
from streams.few_pages import outcomes_of_few
from streams.settings import Settings
from streams.sources.input import InputPage

pytestmark = pytest.mark.skipif(not forked_page.IS_POSSIBLE, reason="processes are not forked here")

SOURCE = Source(topic="file", partition=0, offset=7)
LIMITS = Limits(seconds=20, page_bytes=8 << 20, message_bytes=1 << 20, memory_bytes=256 << 20)
STORY = "".join(f"<p>Word number {n} is here, and so it goes on.</p>" for n in range(30))
PAGE = orjson.dumps(
    {"url": "https://a.example/1", "fetched_at": "2026-11-03T10:00:00Z", "body": STORY}
)
BUS = ("numba", "faust", "mode", "kafka", "aiokafka", "aiohttp", "pebble", "sqlalchemy")


def clean(value=PAGE, limits=LIMITS):
    return clean_forked(value, SOURCE, 2e9, limits)


@pytest.fixture
def cleaner(monkeypatch):
    """Sets what a forked process does instead of cleaning."""
    return lambda work: monkeypatch.setattr(forked_page, "clean_timed", work)


@pytest.fixture
def required(monkeypatch):
    """Which calls for machine code there were; there is none at first."""
    calls = []
    monkeypatch.setattr(native, "is_native", lambda: bool(calls))
    monkeypatch.setattr(native, "get", lambda: calls.append(1))
    monkeypatch.setattr(native, "is_kept", lambda: False)
    monkeypatch.setattr(forked_page, "LOAD_SECONDS", 0.3)
    monkeypatch.setattr(forked_page, "COMPILE_SECONDS", 0.6)
    return calls


def test_a_page_gives_what_it_gives_in_this_process():
    assert clean() == clean_timed(PAGE, SOURCE, 2e9, LIMITS)[0]
    assert isinstance(clean(), Cleaned)
    assert isinstance(clean(b"no json"), NotJson)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_crash_costs_one_page(cleaner, number):
    cleaner(lambda *_: os.kill(os.getpid(), number))
    found = clean()
    assert isinstance(found, ParserCrashed)
    assert found.detail == f"the cleaning process died (exit code {-number})"


def test_a_process_that_ends_without_an_answer_costs_one_page(cleaner, capfd):
    cleaner(lambda *_: 1 / 0)
    assert clean().detail == "the cleaning process died (exit code 1)"
    assert capfd.readouterr() == ("", "")


def test_a_hang_is_a_time_limit_once_it_had_machine_code(cleaner, required):
    cleaner(lambda *_: time.sleep(60))
    began = time.monotonic()
    found = clean(limits=Limits(seconds=0.2, page_bytes=1 << 20, message_bytes=1 << 20))
    assert isinstance(found, TimeLimit)
    assert found.detail == "cleaning took longer than 0.2 s"
    assert required == [1]
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("is_kept", [True, False])
def test_what_is_only_slow_in_plain_loops_is_cleaned_with_machine_code(
    cleaner, required, monkeypatch, is_kept
):
    monkeypatch.setattr(native, "is_kept", lambda: is_kept)

    def slow(*arguments):
        time.sleep(0 if required else 60)
        return clean_timed(*arguments)

    cleaner(slow)
    began = time.monotonic()
    assert isinstance(clean(), Cleaned)
    assert required == [1]
    assert (time.monotonic() - began < 0.6) or not is_kept


def test_a_page_that_eats_memory_costs_itself(cleaner):
    def eat(*arguments):
        held = [bytes(64 << 20) for _ in range(99)]
        return held, clean_timed(*arguments)

    cleaner(eat)
    assert clean().detail.startswith("the cleaning process died")
    assert isinstance(clean_forked(PAGE, SOURCE, 2e9, LIMITS), ParserCrashed)


def test_what_a_page_spends_in_plain_loops_counts_for_the_process(cleaner, monkeypatch):
    spent = []
    monkeypatch.setattr(native, "spend", spent.append)

    def spends(*arguments):
        native._state.spent += 0.25
        return clean_timed(*arguments)

    before = native.spent()
    cleaner(spends)
    assert isinstance(clean(), Cleaned)
    assert 0.25 <= spent[0] < 5
    assert native.spent() == before


def test_no_process_and_no_pipe_is_left(cleaner):
    before, children = len(list(Path("/proc/self/fd").iterdir())), psutil.Process().children()
    for work in (clean_timed, lambda *_: os.kill(os.getpid(), signal.SIGKILL)):
        cleaner(work)
        clean()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert psutil.Process().children() == children


def test_ctrl_c_ends_the_page_at_once(cleaner):
    cleaner(lambda *_: time.sleep(60))
    children = psutil.Process().children()
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        clean()
    timer.join()
    assert time.monotonic() - began < 10
    assert psutil.Process().children() == children


@pytest.mark.slow
def test_the_outcomes_are_those_of_the_pool(tmp_path):
    values = [each.value for each in corpus(3, 40) if each.value is not None]
    settings = Settings(data_dir=tmp_path / "data", clean_processes=1)
    pages = [
        InputPage(value=value, source=Source(topic="files", partition=0, offset=offset))
        for offset, value in enumerate([*values, values[0], values[1]])
    ]
    few = list(outcomes_of_few(settings, policy.pipeline(settings), pages, now=lambda: 2e9))

    async def pooled():
        return [outcome async for outcome in offline.outcomes(settings, pages, now=lambda: 2e9)]

    assert few == asyncio.run(pooled())


@pytest.mark.slow
def test_what_is_beyond_a_few_pages_is_compared_with_the_first_ones(tmp_path, monkeypatch, capfd):
    for number in range(3):
        page = STORY if number != 1 else STORY.replace("number", "figure")
        (tmp_path / f"{number}.html").write_text(page, "utf-8")
    monkeypatch.setattr(command, "FEW", 1)
    monkeypatch.setenv("CLEANWIRE_CLEAN_PROCESSES", "1")
    pooled = []
    outcomes = offline.outcomes
    monkeypatch.setattr(
        offline, "outcomes",
        lambda settings, pages, **more: outcomes(
            settings, pooled.extend(pages := list(pages)) or pages, **more
        ),
    )  # fmt: skip
    assert run(["clean", str(tmp_path)]) == 0
    out, err = capfd.readouterr()
    lines = [orjson.loads(line) for line in out.splitlines()]
    assert [line["event"]["source"]["offset"] for line in lines] == [0, 0, 0]
    assert lines[2]["outcome"] == "duplicate"
    assert lines[2]["event"]["duplicate_of"] == lines[0]["event"]["id"]
    assert len(pooled) == 2
    assert err.endswith("3 records, 3 pages, 0 skipped, 0 faults\n")


@pytest.mark.parametrize("count", [1, few_pages.FEW // 2])
def test_a_few_pages_load_no_bus_no_pool_and_no_compiler(tmp_path, count):
    for number in range(count):
        (tmp_path / f"{number}.html").write_text(STORY, "utf-8")
    code = (
        "import sys; from streams.cli.main import run\n"
        "code = run(['clean', sys.argv[1]])\n"
        f"print(code, [name for name in {BUS} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(tmp_path)], capture_output=True, text=True, check=False,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "0 []", done.stderr
    assert len(done.stdout.splitlines()) == count + 1


def test_outcomes_come_as_the_pages_do(tmp_path):
    """A pipe that is slow is not waited for."""
    settings = Settings(data_dir=tmp_path)
    read = []

    def pages():
        for offset in itertools.count():
            read.append(offset)
            yield InputPage(value=PAGE, source=Source(topic="f", partition=0, offset=offset))

    found = outcomes_of_few(settings, policy.pipeline(settings), pages())
    assert next(found).source.offset == 0
    assert read == [0]
