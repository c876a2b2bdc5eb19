"""Several embedded brokers as one cluster, of which one may be killed."""

import pytest

from helpers.harness import publish, records
from streams.kafka.topics import check_topics, ensure_topics
from streams.settings import Settings
from streams.testing.cluster import EmbeddedCluster

pytestmark = pytest.mark.broker


def test_what_three_brokers_acknowledged_outlives_any_one(tmp_path):
    with EmbeddedCluster(tmp_path) as cluster:
        settings = Settings(
            broker=cluster.address,
            replication_factor=cluster.replication_factor,
            data_dir=tmp_path,
        )
        ensure_topics(settings)
        assert check_topics(settings) == []
        published = []
        for broker in cluster.brokers:
            published.append(broker.address.encode())
            publish(settings, published[-1:], partition=0)
            broker.kill()
            published.append(b"without " + published[-1])
            publish(settings, published[-1:], partition=0)
            found = [record.value for record in records(settings, settings.topics.raw, 60)]
            assert found == published
            assert broker.launch()
            assert not broker.launch()
            broker.wait_until_up()


def test_one_broker_is_a_cluster_too(tmp_path):
    with EmbeddedCluster(tmp_path, brokers=1) as cluster:
        settings = Settings(broker=cluster.address, data_dir=tmp_path)
        ensure_topics(settings)
        publish(settings, [b"one"], partition=0)
        assert [record.value for record in records(settings, settings.topics.raw)] == [b"one"]
        assert cluster.replication_factor == 1
