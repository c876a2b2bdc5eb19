"""Pages that a producer writes in transactions: on a real broker, by librdkafka."""

import datetime as dt
import re
import subprocess
import sys
import time

import confluent_kafka
import orjson
import pytest
from faust.types import TP
from kafka import TopicPartition

from helpers.harness import (
    HELPERS,
    Worker,
    cleanwire,
    environment,
    outcomes,
    page,
    publish,
    records,
)
from streams.errors import OperationalError
from streams.kafka import clients, layout
from streams.kafka.topic_reader import committed
from streams.ops.audit import audit
from streams.ops.reshard import reshard
from streams.ops.takedown import ask
from streams.runtime.transactions import AGAIN_SECONDS, OPEN_SECONDS, Waiting, held
from streams.stage import app_id


class Crawler:
    """A producer of librdkafka's that writes pages in transactions."""

    def __init__(self, settings, topic=None):
        self._topic = topic or settings.topics.raw
        self._producer = confluent_kafka.Producer(
            {
                "bootstrap.servers": settings.broker,
                "log_level": 0,
                "transactional.id": f"{settings.topic_prefix}crawler",
                "transaction.timeout.ms": 600_000,
            }
        )
        self._producer.init_transactions(60)
        self._number = 0

    def begin(self, count, *, partition):
        """Write pages, and do not say yet what becomes of them; returns their URLs."""
        self._producer.begin_transaction()
        urls = set()
        for _ in range(count):
            self._number += 1
            self._producer.produce(self._topic, page(self._number), "key", partition=partition)
            urls.add(f"https://s{self._number}.example/a")
        assert self._producer.flush(30) == 0
        return urls

    def commit(self, count, *, partition):
        urls = self.begin(count, partition=partition)
        self._producer.commit_transaction(60)
        return urls

    def abort(self, count, *, partition):
        self.begin(count, partition=partition)
        self._producer.abort_transaction(60)

    def end(self):
        self._producer.commit_transaction(60)


def ends(settings):
    with clients.admin(settings) as admin:
        places = [
            TopicPartition(settings.topics.raw, number) for number in range(settings.raw_partitions)
        ]
        return {
            place: entry.offset
            for place, entry in admin.list_partition_offsets(dict.fromkeys(places, -1)).items()
        }


def wait_until_committed(settings, seconds=30):
    """Wait until the group has committed up to the end of raw-pages, markers and all."""
    deadline = time.monotonic() + seconds
    wanted = {place: end for place, end in ends(settings).items() if end}
    while True:
        done = committed(settings, app_id(settings, "extract"), settings.topics.raw)
        if {place: done.get(place) for place in wanted} == wanted:
            return
        assert time.monotonic() < deadline, (done, wanted)
        time.sleep(0.3)


def published(settings):
    return {
        orjson.loads(record.value)["url"] for record in records(settings, settings.topics.clean)
    }


@pytest.mark.broker
@pytest.mark.timeout(240)
def test_committed_pages_are_published_aborted_ones_are_not_and_no_lag_is_left(settings):
    crawler = Crawler(settings)
    wanted = set()
    # What begins with markers, what has nothing else, and offsets that are none in a row.
    crawler.abort(3, partition=1)
    wanted |= crawler.commit(1, partition=0)
    crawler.abort(2, partition=0)
    wanted |= crawler.commit(2, partition=0)
    with Worker(settings) as worker:
        wait_until_committed(settings)
        # The same while it runs: an end of each kind, with and without pages before.
        crawler.abort(2000, partition=0)
        crawler.abort(1, partition=2)
        wanted |= crawler.commit(3, partition=3)
        wait_until_committed(settings)
        crawler.abort(2, partition=3)
        publish(settings, [page(9000)], partition=0)
        wanted |= crawler.commit(2, partition=1)
        wait_until_committed(settings)
        wanted.add("https://s9000.example/a")
        deadline = time.monotonic() + 20
        while f'group="{app_id(settings, "extract")}"' not in (seen := worker.get("/metrics")[1]):
            assert time.monotonic() < deadline
            time.sleep(0.3)
        time.sleep(4)
        seen = worker.get("/metrics")[1]
        lags = re.findall(r"^cleanwire_lag\{.*raw-pages.*\} (.*)$", seen, re.MULTILINE)
        assert [float(lag) for lag in lags] == [0.0] * settings.raw_partitions
        assert worker.stop() == 0
    assert published(settings) == wanted
    assert len(outcomes(settings)) == len(wanted)
    report, unreadable = audit(settings)
    assert report.holds, report
    assert not unreadable
    assert report.raw == len(wanted)
    assert report.waiting == 0
    tail = cleanwire(settings, "tail", "raw-pages", "--from-beginning", "--count", str(len(wanted)))
    assert {orjson.loads(line)["value"]["url"] for line in tail.stdout.splitlines()} == wanted


@pytest.mark.broker
@pytest.mark.timeout(240)
def test_a_transaction_that_hangs_is_said_and_neither_a_stall_nor_silence(settings):
    strict = settings.model_copy(update={"stall_limit": 12, "page_time_limit": 1.5})
    command = (str(HELPERS / "impatient_worker.py"),)
    crawler = Crawler(settings)
    raw = settings.topics.raw
    with Worker(strict, command=command) as worker:
        wanted = crawler.commit(1, partition=2)
        began = time.time()
        urls = crawler.begin(2, partition=2)
        # It holds up whatever comes after it on its partition, and nothing elsewhere.
        publish(settings, [page(9000)], partition=2)
        publish(settings, [page(9001)], partition=1)
        wanted.add("https://s9001.example/a")
        time.sleep(20)
        assert worker.process.poll() is None, worker.log.read_text()
        assert published(settings) == wanted
        (said,) = re.findall(r"WARNING streams.runtime.transactions: (.*)", worker.log.read_text())
        line = f"{raw} partition 2 is held at offset 2, 3 behind its end, by a transaction"
        assert said.startswith(line)
        since = re.search(r"open since (\S+ \S+) UTC; ", said)[1]
        opened = dt.datetime.fromisoformat(f"{since}+00:00").timestamp()
        assert began - 2 < opened < began + 10
        assert f"abort --topic {raw} --partition 2 --start-offset 2" in said
        metrics = worker.get("/metrics")[1]
        group = app_id(settings, "extract")
        labels = f'{{group="{group}",partition="2",topic="{raw}"}}'
        assert f"cleanwire_lag{labels} 3.0" in metrics
        assert f"cleanwire_lag_held{labels} 3.0" in metrics
        assert "3 wait for the end of a transaction, open since" in worker.get("/")[1]
        audited = cleanwire(settings, "audit")
        assert audited.returncode == 0, audited.stderr
        assert f"held: {line}" in audited.stdout.decode()
        assert "waiting 3" in audited.stdout.decode()
        crawler.end()
        wait_until_committed(settings)
        wanted |= urls | {"https://s9000.example/a"}
        deadline = time.monotonic() + 20
        while f"{raw} partition 2 is read on" not in worker.log.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.3)
        assert worker.stop() == 0
    assert published(settings) == wanted
    assert audit(settings)[0].holds


@pytest.mark.broker
def test_a_command_that_cannot_read_a_topic_to_its_end_does_not_begin(settings):
    producer = Crawler(settings, topic=settings.topics.clean)
    producer.begin(1, partition=0)
    told = f"{settings.topics.clean} partition 0 is held at offset 0, 1 behind its end"
    with pytest.raises(OperationalError, match=told) as caught:
        ask(settings, ["https://a.example/"])
    assert "--start-offset 0" in caught.value.fix
    with pytest.raises(OperationalError, match=told):
        reshard(settings.model_copy(update={"dedupe_shards": 2}))
    assert layout.read(settings).is_for(layout.wanted(settings))
    producer.end()
    assert list(held(settings, [settings.topics.clean])) == []


PLACE = TP("raw-pages", 1)


def looks(parts, seconds=10):
    """Look every so often; when there was something to say, and of what."""
    waiting = Waiting()
    return [
        (seconds * number, due, over)
        for number, (due, over) in enumerate(waiting.look(seconds, part) for part in parts)
        if due or over
    ]


def test_a_partition_that_is_held_is_said_after_a_while_and_again_and_when_it_is_over():
    still = [{PLACE: (5, 9)}] * 70
    assert looks([*still, {PLACE: (9, 9)}]) == [
        (OPEN_SECONDS, [PLACE], []),
        (OPEN_SECONDS + AGAIN_SECONDS, [PLACE], []),
        (700, [], [PLACE]),
    ]


@pytest.mark.parametrize(
    "parts",
    [
        [{PLACE: (number, number + 3)} for number in range(100)],
        [{PLACE: (number, number)} for number in range(100)],
        [{PLACE: (5, 5 + number % 5)} for number in range(100)],
        [{PLACE: (5, 9)} if number % 5 else {} for number in range(100)],
    ],
    ids=["transactions that end", "none", "short ones", "a partition that is moved about"],
)
def test_transactions_that_come_to_their_end_are_not_said(parts):
    assert looks(parts) == []


def test_tail_says_what_an_open_transaction_holds_back(settings):
    publish(settings, [page(0)], partition=0)
    crawler = Crawler(settings)
    crawler.begin(3, partition=0)
    command = [
        sys.executable,
        "-m",
        "streams.cli.main",
        "tail",
        "raw-pages",
        "--from-beginning",
        "--count",
        "4",
    ]
    process = subprocess.Popen(
        command, env=environment(settings), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        said = process.stderr.readline().decode()
        assert (
            f"{settings.topics.raw} partition 0 waits for the end of a transaction that began at offset 1; 3"
            in said
        )
        crawler.end()
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, err, out.count(b"\n")) == (0, b"", 4)
