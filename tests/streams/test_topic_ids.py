"""The ids of topics, on a real broker and without one."""

import asyncio
import base64
import threading

import pytest

from streams.kafka import clients
from streams.kafka.topic_ids import TopicIds, ids_of
from streams.settings import Settings


@pytest.mark.broker
def test_a_topic_that_is_made_again_has_another_id_and_a_deleted_one_none(settings):
    raw, candidates = settings.topics.raw, settings.topics.candidates

    async def look():
        topic_ids = TopicIds(settings, (raw, candidates))
        before = await topic_ids.wait()
        with clients.admin(settings) as admin:
            admin.delete_topics([raw])
            for _ in range(100):
                during = await topic_ids.ask()
                if raw not in during:
                    break
                await asyncio.sleep(0.1)
            admin.create_topics({raw: {"num_partitions": 1, "replication_factor": 1}})
        after = await topic_ids.wait()
        await topic_ids.close()
        return before, during, after

    before, during, after = asyncio.run(look())
    assert before[candidates] == during[candidates] == after[candidates]
    assert raw not in during
    assert before[raw] != after[raw]
    # As Kafka's own tools write them.
    assert {len(base64.urlsafe_b64decode(found + "==")) for found in after.values()} == {16}


@pytest.mark.slow
def test_brokers_that_are_away_are_no_answer(caplog):
    async def look():
        topic_ids = TopicIds(Settings(broker="127.0.0.1:1"), ("raw-pages",))
        found = await topic_ids.ask()
        await topic_ids.close()
        return found

    assert asyncio.run(look()) is None
    assert "the brokers do not say" in caplog.text


def test_a_client_is_asked_one_thing_at_a_time_whoever_gives_up(monkeypatch):
    asked, going = [], threading.Event()
    inside = threading.Semaphore(1)

    def ask(_, topics):
        asked.append(topics)
        assert inside.acquire(blocking=False)
        going.wait(10)
        inside.release()
        return dict.fromkeys(topics, "one")

    monkeypatch.setattr("streams.kafka.topic_ids._Client.ask", ask)

    async def look():
        topic_ids = TopicIds(Settings(), ("raw-pages",))
        # As Faust does it when the next rebalance begins before a seek is done.
        given_up = asyncio.create_task(topic_ids.wait())
        await asyncio.sleep(0.1)
        given_up.cancel()
        waiting = [asyncio.create_task(topic_ids.ask()) for _ in range(3)]
        await asyncio.sleep(0.1)
        going.set()
        return await asyncio.gather(*waiting)

    assert asyncio.run(look()) == [{"raw-pages": "one"}] * 3
    assert len(asked) == 1


def test_a_client_that_never_answers_is_left_to_itself(monkeypatch, caplog):
    answers = iter([lambda: threading.Event().wait(30), lambda: {"raw-pages": "one"}])
    monkeypatch.setattr("streams.kafka.topic_ids._Client.ask", lambda *_: next(answers)())
    monkeypatch.setattr("streams.kafka.topic_ids.ANSWER_SECONDS", 0.2)

    async def look():
        topic_ids = TopicIds(Settings(), ("raw-pages",))
        return await topic_ids.ask(), await topic_ids.wait(), await topic_ids.close()

    assert asyncio.run(look()) == (None, {"raw-pages": "one"}, None)
    assert "the brokers do not say" in caplog.text


@pytest.mark.parametrize("given", [None, "00000000-0000-0000-0000-000000000000"])
def test_brokers_that_give_no_ids(given):
    class Client:
        def describe_topics(self, topics):
            return [{"name": topic, "error_code": 0, "topic_id": given} for topic in topics]

    assert ids_of(Client(), ["raw-pages"]) == {"raw-pages": ""}
