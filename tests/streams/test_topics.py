import datetime as dt
import time

import pytest
from kafka.admin import ConfigResource, ConfigResourceType

from streams.errors import OperationalError
from streams.kafka import clients
from streams.kafka.topics import changelog, check_topics, ensure_topics, specs
from streams.settings import Settings

pytestmark = pytest.mark.broker

DAY_MS = 86_400_000


def test_creating_twice_is_creating_once(bare_settings):
    assert ensure_topics(bare_settings) == [spec.name for spec in specs(bare_settings)]
    assert ensure_topics(bare_settings) == []
    assert check_topics(bare_settings) == []


def test_nothing_there_is_a_difference_for_every_topic(bare_settings):
    assert [str(difference) for difference in check_topics(bare_settings)] == [
        f"{spec.name} is missing" for spec in specs(bare_settings)
    ]


def test_a_missing_topic_is_named_and_made_again(settings):
    with clients.admin(settings) as admin:
        admin.delete_topics([settings.topics.duplicates])
    deadline = time.monotonic() + 15
    while not (differences := check_topics(settings)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert [str(one) for one in differences] == [f"{settings.topics.duplicates} is missing"]
    assert ensure_topics(settings) == [settings.topics.duplicates]


def test_a_differing_config_and_partition_count_are_named(settings):
    resource = ConfigResource(
        ConfigResourceType.TOPIC, settings.topics.raw, configs={"retention.ms": "1234"}
    )
    with clients.admin(settings) as admin:
        admin.alter_configs([resource])
        admin.create_partitions({settings.topics.clean: settings.raw_partitions + 1})
    found = {(one.topic, one.what): one for one in check_topics(settings)}
    changed = found[settings.topics.raw, "retention.ms"]
    assert (changed.wanted, changed.found) == (str(7 * DAY_MS), "1234")
    assert found[settings.topics.clean, "partitions"].found == str(settings.raw_partitions + 1)
    assert {topic for topic, _ in found} == {settings.topics.raw, settings.topics.clean}


def test_raw_pages_may_have_more_partitions_and_not_fewer(settings):
    topics = settings.topics
    with clients.admin(settings) as admin:
        admin.create_partitions(dict.fromkeys((topics.raw, topics.duplicates, topics.rejected), 6))
    assert check_topics(settings) == []
    more = settings.model_copy(update={"raw_partitions": 7})
    assert {(one.topic, one.what, one.found) for one in check_topics(more)} == {
        (topics.raw, "partitions", "6"),
        (topics.rejected, "partitions", "6"),
    }


def test_outcomes_outlive_the_raw_pages_and_sizes_fit():
    settings = Settings(retention="3d")
    config = {spec.name: spec.config for spec in specs(settings)}
    topics = settings.topics
    raw = int(config[topics.raw]["retention.ms"])
    assert raw == 3 * DAY_MS
    for outlives in (
        config[topics.clean]["min.compaction.lag.ms"],
        config[topics.duplicates]["retention.ms"],
        config[topics.rejected]["retention.ms"],
    ):
        assert int(outlives) - raw >= dt.timedelta(days=1) / dt.timedelta(milliseconds=1)
    for stamped in (topics.raw, topics.candidates):
        assert config[stamped]["message.timestamp.type"] == "LogAppendTime"
    size = settings.max_message_bytes
    assert int(config[topics.rejected]["max.message.bytes"]) == size + 64 * 1024
    assert {
        int(config[name]["max.message.bytes"])
        for name in (topics.raw, topics.candidates, topics.clean, topics.duplicates)
    } == {size}


def test_the_changelog_is_compacted_and_cut_as_its_source_is():
    settings = Settings(topic_prefix="p.")
    by_name = {spec.name: spec for spec in specs(settings)}
    spec = by_name[changelog(settings)]
    assert spec.name.startswith("p.cleanwire-dedupe-")
    assert spec.config["cleanup.policy"] == "compact"
    assert spec.partitions == by_name[settings.topics.candidates].partitions


def test_more_replicas_than_brokers(bare_settings):
    with pytest.raises(OperationalError, match="CLEANWIRE_REPLICATION_FACTOR"):
        ensure_topics(bare_settings.model_copy(update={"replication_factor": 3}))
