"""The stream on a real broker, held against the pipeline and against the audit."""

import base64
import signal
import time

import confluent_kafka
import orjson
import pytest

from cleanwire.similarity.minhash import Signature
from helpers.harness import Worker, added, outcomes, page, publish, records, wait_for_outcomes
from helpers.oracle import assert_same, oracle
from streams.ops.audit import audit
from streams.testing.samples import sample_pages
from streams.testing.samples.stories import BRIDGE, ORCHARD

pytestmark = pytest.mark.broker


def test_the_stream_gives_exactly_the_outcomes_of_the_pipeline(two_at_a_time):
    settings = two_at_a_time
    values = [sample.value for sample in sample_pages()]
    with Worker(settings):
        publish(settings, values, partition=0)
        found = wait_for_outcomes(settings, len(values))
    assert_same(found, oracle(values), settings.topics.raw)
    report, unreadable = audit(settings)
    assert report.holds
    assert not unreadable
    assert report.raw == len(values) == sum(report.outcomes.values())


def test_events_published_twice_repeat_id_and_outcome(settings):
    values = [sample.value for sample in sample_pages()]
    with Worker(settings):
        publish(settings, [*values, *values], partition=0)
        found = wait_for_outcomes(settings, 2 * len(values))
    for offset in range(len(values)):
        ((name, first),) = found[0, offset]
        ((again, second),) = found[0, offset + len(values)]
        assert name == again
        ignored = {"source", "source.offset", "source.timestamp"}
        assert {k: v for k, v in first.items() if k not in ignored} == {
            k: v for k, v in second.items() if k not in ignored
        }


def test_candidates_delivered_again_change_nothing(settings):
    values = [sample.value for sample in sample_pages()]
    with Worker(settings):
        publish(settings, values, partition=0)
        wait_for_outcomes(settings, len(values))
        candidates = [record.value for record in records(settings, settings.topics.candidates)]
        before = outcomes(settings)
        publish(settings, candidates, topic=settings.topics.candidates, partition=0)
        deadline = time.monotonic() + 30
        while sum(map(len, outcomes(settings).values())) < len(values) + len(candidates):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        after = outcomes(settings)
    for place, (only,) in before.items():
        assert all(outcome == only for outcome in after[place])
    assert audit(settings)[0].redelivered == len(candidates)


def test_a_worker_that_is_killed_half_way_loses_nothing(two_at_a_time):
    settings = two_at_a_time
    values = [page(number) for number in range(600)]
    values[100::7] = [page(0) for _ in values[100::7]]
    publish(settings, values, partition=0)
    worker = Worker(settings).start()
    deadline = time.monotonic() + 60
    while not 20 < len(records(settings, settings.topics.clean)) < 450:
        assert time.monotonic() < deadline, worker.log.read_text()
        time.sleep(0.05)
    worker.kill()
    killed_at = len(records(settings, settings.topics.clean))
    assert killed_at < len(values)
    with Worker(settings):
        wait_for_outcomes(settings, len(values))
    report, _ = audit(settings)
    assert report.holds
    assert report.raw == len(values)
    assert report.missing == []
    last = {place: entries[-1] for place, entries in outcomes(settings).items()}
    assert_same(
        {place: [entry] for place, entry in last.items()}, oracle(values), settings.topics.raw
    )


def test_memory_survives_a_restart(settings):
    story = "\n".join(f"<p>{text}</p>" for text in BRIDGE.paragraphs)
    with Worker(settings) as worker:
        publish(settings, [page(1, text=story)], partition=0)
        wait_for_outcomes(settings, 1)
        assert worker.stop() == 0
    with Worker(settings):
        publish(settings, [page(2, text=story), page(1, text=story, at="2026-11-04T00:00:00Z")])
        found = wait_for_outcomes(settings, 3)
    kinds = sorted(entry["kind"] for ((name, entry),) in found.values() if name == "duplicate")
    assert kinds == ["exact", "recrawl"]


BOTH = {"url": "https://a.example/", "fetched_at": "2026-11-03T00:00:00Z"}
POISON = {
    "not JSON": (b"\x00\x01 no json", "not-json"),
    "an array": (b"[1, 2]", "not-json"),
    "wrong types": (orjson.dumps({**BOTH, "body": 17}), "invalid-event"),
    "no url": (orjson.dumps({"fetched_at": BOTH["fetched_at"], "body": "x"}), "invalid-event"),
    "both bodies": (orjson.dumps({**BOTH, "body": "x", "body_base64": "eA=="}), "invalid-event"),
    "no body": (orjson.dumps(BOTH), "invalid-event"),
    "bad base64": (orjson.dumps({**BOTH, "body_base64": "e$"}), "invalid-event"),
    "no time": (orjson.dumps({**BOTH, "fetched_at": "soon", "body": "x"}), "invalid-event"),
    "20 MB": (orjson.dumps({**BOTH, "body": "a" * 20_000_000}), "too-large"),
    "invalid UTF-8": (b'{"url": "https://a.example/\xff"}', "not-json"),
    "null": (None, "not-json"),
    "empty": (b"", "not-json"),
    "open brackets": (b"[" * 100_000, "not-json"),
    "not http": (
        orjson.dumps({**BOTH, "url": "gopher://a.example/", "body": "x"}),
        "invalid-event",
    ),
    "status 404": (orjson.dumps({**BOTH, "status": 404, "body": "x"}), "http-error"),
    "binary": (
        orjson.dumps({**BOTH, "body_base64": base64.b64encode(bytes(range(256))).decode()}),
        "undecodable",
    ),
    "a picture": (
        orjson.dumps({**BOTH, "content_type": "image/png", "body": "x"}),
        "unsupported-type",
    ),
    "nothing on it": (orjson.dumps({**BOTH, "body": "<html></html>"}), "no-article"),
}


def test_poison_is_rejected_byte_for_byte_and_the_stream_goes_on(settings):
    key = b"\xff\x00key"
    headers = [("a", b"1"), ("a", b"\xfe\xff"), ("cleanwire.reason", b"from before")]
    with Worker(settings):
        for value, _ in POISON.values():
            publish(settings, [value], partition=1, key=key, headers=headers)
        publish(settings, [page(1, text=" ".join(ORCHARD.paragraphs))], partition=1)
        found = wait_for_outcomes(settings, len(POISON) + 1)
    assert found[1, len(POISON)][0][0] == "clean"
    letters = {
        int(added(r)["source.offset"]): r for r in records(settings, settings.topics.rejected)
    }
    assert len(letters) == len(POISON)
    for offset, (value, reason) in enumerate(POISON.values()):
        letter = letters[offset]
        assert letter.value == value
        assert letter.key == key
        assert letter.headers[: len(headers)] == headers
        assert added(letter)["reason"] == reason
        assert added(letter)["source.topic"] == settings.topics.raw
        assert added(letter)["source.partition"] == "1"
        assert "\n" not in added(letter)["detail"]
    report, _ = audit(settings)
    assert report.holds
    assert report.raw == len(POISON) + 1


@pytest.mark.parametrize("topic", ["raw", "candidates"])
def test_a_record_with_neither_key_nor_value_costs_only_itself(settings, topic):
    name = getattr(settings.topics, topic)
    # kafka-python sends no such record.
    producer = confluent_kafka.Producer({"bootstrap.servers": settings.broker, "log_level": 0})
    producer.produce(name, partition=0, headers=[("a", b"1")])
    assert producer.flush(30) == 0
    with Worker(settings):
        publish(settings, [page(1)], partition=0)
        deadline = time.monotonic() + 60
        while len(found := records(settings, settings.topics.rejected)) < 1:
            assert time.monotonic() < deadline
        while not records(settings, settings.topics.clean):
            assert time.monotonic() < deadline
    (letter,) = found
    assert (letter.key, letter.value) == (None, b"")
    assert letter.headers[0] == ("a", b"1")
    assert added(letter)["source.topic"] == name


def test_a_page_over_the_time_limit_costs_only_itself(settings):
    slow = settings.model_copy(update={"page_time_limit": 0.5})
    endless = "".join(
        f"<div><b>{n}</b><p>Sentence {n} ends here.</p></div>" for n in range(150_000)
    )
    with Worker(slow):
        publish(settings, [page(1), page(2, text=endless), page(3)], partition=0)
        found = wait_for_outcomes(settings, 3)
    assert [found[0, offset][0][0] for offset in range(3)] == ["clean", "rejected", "clean"]
    assert found[0, 1][0][1]["reason"] == "time-limit"


def test_one_stage_alone_and_under_fausts_own_command(settings):
    faust = ("-m", "faust", "-A", "streams.extract", "--datadir", str(settings.data_dir), "worker")
    with (
        Worker(settings, "--stage", "dedupe"),
        Worker(settings, command=faust),
    ):
        publish(settings, [page(1), page(2)])
        found = wait_for_outcomes(settings, 2)
    assert all(name == "clean" for ((name, _),) in found.values())


def test_two_workers_share_the_work_and_one_may_leave(settings):
    values = [page(number) for number in range(300)]
    with Worker(settings), Worker(settings) as leaving:
        publish(settings, values[:150])
        time.sleep(0.3)
        leaving.process.send_signal(signal.SIGTERM)
        publish(settings, values[150:])
        wait_for_outcomes(settings, len(values))
        assert leaving.stop() == 0
    report, _ = audit(settings)
    assert report.holds
    assert report.outcomes["clean"] == len(values)


def test_clean_articles_are_complete_events_with_cloudevents_headers(settings):
    with Worker(settings):
        publish(settings, [page(1)], partition=0)
        wait_for_outcomes(settings, 1)
    (record,) = records(settings, settings.topics.clean)
    event = orjson.loads(record.value)
    assert record.key.decode() == event["id"]
    headers = {name: value.decode() for name, value in record.headers}
    assert len(headers.pop("cleanwire.source.topic-id")) == 22
    (raw,) = records(settings, settings.topics.raw)
    assert headers.pop("cleanwire.source.timestamp") == str(raw.timestamp)
    assert headers == {
        "ce_specversion": "1.0",
        "ce_id": event["id"],
        "ce_source": "urn:cleanwire:dedupe",
        "ce_type": "cleanwire.clean-article.v1",
        "ce_time": "2026-11-03T10:00:00Z",
        "ce_subject": "https://s1.example/a",
        "ce_dataschema": "urn:cleanwire:clean-article:v1",
        "content-type": "application/json",
    }
    assert Signature.unpack(event["signature"]).shingles > 0
