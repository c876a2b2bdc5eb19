"""Explanations in a process of their own: behind the crawl, one at a time, whatever the page does."""

import asyncio
import multiprocessing
import os
import sys

import orjson
import psutil
import pytest

from cleanwire.clean import clean_event
from cleanwire.errors import ParserCrashed, TimeLimit
from cleanwire.explain import explain_copy, explain_event
from helpers.harness import cleanwire, free_port
from streams.cleaning.page_cleaning import Limits
from streams.cli.explain import lines_of
from streams.runtime import explainer as module
from streams.runtime.explainer import NICENESS, Explainer, ExplainerBusyError
from streams.settings import LEAST_MEMORY, Settings
from streams.testing.samples import sample_pages

LIMITS = Limits(seconds=30, page_bytes=8 << 20, message_bytes=1 << 20)
STORY = " ".join(f"Word number {n} is here." for n in range(40))


def event(body):
    return orjson.dumps(
        {"url": "https://a.example/1", "fetched_at": "2026-11-03T10:00:00Z", "body": body}
    )


def slow_page(blocks=150_000):
    return event("".join(f"<p>Paragraph {n} ends here.</p>" for n in range(blocks)))


PLAIN = event(f"<p>{STORY}</p>")


def ask(question, limits=LIMITS, **options):
    """What a question gets from an explainer of its own."""

    async def run():
        async with Explainer(limits, **options) as explainer:
            return await question(explainer)

    return asyncio.run(run())


def test_an_explanation_is_that_of_the_core():
    async def question(explainer):
        assert not explainer.is_running
        page = await explainer.explain(PLAIN)
        copy = await explainer.explain_copy(STORY, STORY + " It goes on.")
        broken = await explainer.explain(b"no json")
        assert explainer.is_running
        return page, copy, broken

    page, copy, broken = ask(question)
    assert page == explain_event(PLAIN, max_page_bytes=LIMITS.page_bytes)
    assert page.article == clean_event(PLAIN)
    assert copy == explain_copy(STORY, STORY + " It goes on.")
    assert broken.rejected.reason == "not-json"
    assert not multiprocessing.active_children()


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what a process is given")
def test_the_process_stands_back_for_the_crawl():
    async def question(explainer):
        await explainer.explain(PLAIN)
        return [
            os.getpriority(os.PRIO_PROCESS, child.pid)
            for child in multiprocessing.active_children()
        ]

    assert ask(question) == [NICENESS]
    assert os.getpriority(os.PRIO_PROCESS, 0) < NICENESS


def test_who_comes_when_it_is_busy_is_told_so_and_the_others_are_answered_in_turn():
    async def question(explainer):
        first = [asyncio.create_task(explainer.explain(PLAIN)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(ExplainerBusyError, match="try again"):
            await explainer.explain(PLAIN)
        with pytest.raises(ExplainerBusyError):
            await explainer.explain_copy("a", "b")
        answers = await asyncio.gather(*first)
        return [*answers, await explainer.explain(PLAIN)]

    answers = ask(question, most_waiting=2)
    assert {answer.article.id for answer in answers} == {clean_event(PLAIN).id}


def test_the_process_ends_when_nobody_asks_and_starts_again():
    async def question(explainer):
        await explainer.explain(PLAIN)
        one = {child.pid for child in multiprocessing.active_children()}
        for _ in range(600):
            if not multiprocessing.active_children():
                break
            await asyncio.sleep(0.05)
        assert not explainer.is_running
        assert not multiprocessing.active_children()
        again = await explainer.explain(PLAIN)
        assert one.isdisjoint(child.pid for child in multiprocessing.active_children())
        return again

    assert ask(question, idle_seconds=0.2).article is not None


def test_a_closed_explainer_starts_nothing():
    async def run():
        explainer = Explainer(LIMITS)
        await explainer.close()
        with pytest.raises(RuntimeError, match="closed"):
            await explainer.explain(PLAIN)
        assert not explainer.is_running

    asyncio.run(run())


@pytest.mark.slow
def test_a_page_that_hangs_is_answered_and_the_next_one_is_explained():
    async def question(explainer):
        await explainer.explain(PLAIN)
        return await explainer.explain(slow_page()), await explainer.explain(PLAIN)

    limits = Limits(seconds=1.5, page_bytes=32 << 20, message_bytes=32 << 20)
    hung, plain = ask(question, limits)
    assert (hung.rejected.reason, hung.rejected.step) == ("time-limit", "process")
    assert hung.rejected.detail == "explaining took longer than 1.5 s"
    assert plain.article is not None


@pytest.mark.slow
def test_a_page_whose_process_dies_is_answered_and_the_next_one_is_explained():
    async def question(explainer):
        await explainer.explain(PLAIN)
        (child,) = [psutil.Process(one.pid) for one in multiprocessing.active_children()]
        idle = child.cpu_times().user
        slow = asyncio.create_task(explainer.explain(slow_page()))
        # A process that dies before it takes the page is not the page's fault: it is tried again.
        async with asyncio.timeout(60):
            while child.cpu_times().user < idle + 0.3:  # noqa: ASYNC110 - another process has no event
                await asyncio.sleep(0.01)
        child.kill()
        return await slow, await explainer.explain(PLAIN)

    died, plain = ask(question)
    assert (died.rejected.reason, died.rejected.step) == ("parser-crashed", "process")
    assert "explaining process died" in died.rejected.detail
    assert plain.article is not None


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds what a process allocates")
def test_a_page_that_eats_memory_is_answered_and_the_next_one_is_explained():
    hungry = event("<html>" + "".join(f"<p><font a{n}=1>x</p>" for n in range(4000)))
    limits = Limits(
        seconds=60, page_bytes=8 << 20, message_bytes=1 << 20, memory_bytes=LEAST_MEMORY
    )

    async def question(explainer):
        return await explainer.explain(hungry), await explainer.explain(PLAIN)

    eaten, plain = ask(question, limits)
    assert (eaten.rejected.reason, eaten.rejected.step) == ("parser-crashed", "process")
    assert plain.article is not None


def test_whatever_explaining_raises_is_the_answer(monkeypatch):
    def fail(*_args, **_options):
        raise TypeError("a secret of the page")

    def eat(*_args, **_options):
        raise MemoryError

    monkeypatch.setattr(module, "explain_event", fail)
    answer = module._explain(PLAIN, LIMITS)
    assert isinstance(answer, ParserCrashed)
    assert answer.detail == "the explainer raised TypeError"
    monkeypatch.setattr(module, "explain_event", eat)
    monkeypatch.setattr(module, "explain_copy", eat)
    assert "memory" in module._explain(PLAIN, LIMITS).detail
    assert "memory" in module._explain_copy("a", "b", None).detail
    assert not isinstance(answer, TimeLimit)


@pytest.mark.parametrize("sample", sample_pages(), ids=lambda sample: sample.name)
def test_every_sample_page_is_printed(sample):
    explanation = explain_event(sample.value)
    lines = list(lines_of(explanation))
    assert all("\n" not in line for line in lines)
    text = "\n".join(lines)
    rejected = explanation.rejected
    assert ("  rejected: " in text) == (rejected is not None)
    assert rejected is None or rejected.detail in text
    if explanation.blocks is not None:
        assert sum(line.startswith(("    body ", "    out ")) for line in lines) == len(
            explanation.blocks.listed
        )


@pytest.fixture
def files(tmp_path):
    page = "<title>Mill turns again | Post</title><nav><p>Menu</p></nav><h1>Mill turns again</h1><p>{}</p>"
    (tmp_path / "page.html").write_text(page.format(STORY), "utf-8")
    (tmp_path / "rejected.jsonl").write_bytes(event("<p>Nothing.</p>") + b"\n" + PLAIN + b"\n")
    return tmp_path


def test_the_command_prints_a_page(files):
    settings = Settings(broker=f"127.0.0.1:{free_port()}", data_dir=files / "data")
    done = cleanwire(settings, "explain", "--url", "https://a.example/x", str(files / "page.html"))
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    assert text.startswith("https://a.example/x\n")
    assert "used    h1 (h1): Mill turns again" in text
    assert "out      - navigation      Menu" in text


@pytest.mark.slow
def test_the_command_prints_json_of_every_page(files):
    settings = Settings(broker=f"127.0.0.1:{free_port()}", data_dir=files / "data")
    done = cleanwire(settings, "explain", "--json", str(files / "rejected.jsonl"))
    assert done.returncode == 0, done.stderr
    first, second = map(orjson.loads, done.stdout.splitlines())
    assert first["rejected"]["reason"] == "no-article"
    assert first["blocks"]["listed"][0]["text"] == "Nothing."
    assert second["article"]["id"] == clean_event(PLAIN).id
    missing = cleanwire(settings, "explain", str(files / "missing.html"))
    assert missing.returncode == 3
