import datetime as dt
import time

import pytest
from harness import Worker, cleanwire, free_port, publish, wait_for_outcomes
from kafka.admin import ConfigResource, ConfigResourceType

from streams import kafka
from streams.broker import EmbeddedBroker
from streams.faults import OperationError
from streams.samples import sample_pages
from streams.settings import Settings
from streams.topics import changelog, check_topics, ensure_topics, specs

pytestmark = pytest.mark.broker

DAY_MS = 86_400_000
WRONG = "opensesame"
JAAS = (
    "org.apache.kafka.common.security.plain.PlainLoginModule required "
    'user_alice="right" user_bob="right";'
)


@pytest.fixture(scope="module")
def secured(tmp_path_factory):
    """A broker with a second listener that wants a login; yields that one's address."""
    plain, controller, sasl = free_port(), free_port(), free_port()
    properties = {
        "listeners": f"PLAINTEXT://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{controller},"
        f"LOGIN://127.0.0.1:{sasl}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{plain},LOGIN://127.0.0.1:{sasl}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,"
        "LOGIN:SASL_PLAINTEXT",
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.login.plain.sasl.jaas.config": JAAS,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS;User:alice",
    }
    with EmbeddedBroker(tmp_path_factory.mktemp("sasl"), port=plain, properties=properties):
        yield f"127.0.0.1:{sasl}"


def login(address, **changes):
    more = {"sasl_mechanism": "PLAIN", "sasl_username": "alice", "sasl_password": "right"}
    return Settings(broker=address, **(more | changes))


def refused(settings, *words, within=15.0):
    """The command ends soon, in one line with these words and without the password.

    In a process of its own: the client library leaves the sockets of failed logins open.
    """
    begun = time.monotonic()
    done = cleanwire(settings, "topics", "--check")
    assert time.monotonic() - begun < within
    assert done.returncode == 3
    assert done.stdout == b""
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("cleanwire: ")
    for word in words:
        assert word in line
    return line


def test_creating_twice_is_creating_once(bare_settings):
    assert ensure_topics(bare_settings) == [spec.name for spec in specs(bare_settings)]
    assert ensure_topics(bare_settings) == []
    assert check_topics(bare_settings) == []


def test_nothing_there_is_a_difference_for_every_topic(bare_settings):
    assert [str(difference) for difference in check_topics(bare_settings)] == [
        f"{spec.name} is missing" for spec in specs(bare_settings)
    ]


def test_a_missing_topic_is_named_and_made_again(settings):
    with kafka.admin(settings) as admin:
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
    with kafka.admin(settings) as admin:
        admin.alter_configs([resource])
        admin.create_partitions({settings.topics.clean: settings.raw_partitions + 1})
    found = {(one.topic, one.what): one for one in check_topics(settings)}
    changed = found[settings.topics.raw, "retention.ms"]
    assert (changed.wanted, changed.found) == (str(7 * DAY_MS), "1234")
    assert found[settings.topics.clean, "partitions"].found == str(settings.raw_partitions + 1)
    assert {topic for topic, _ in found} == {settings.topics.raw, settings.topics.clean}


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
    with pytest.raises(OperationError, match="CLEANWIRE_REPLICATION_FACTOR"):
        ensure_topics(bare_settings.model_copy(update={"replication_factor": 3}))


def test_no_broker_at_the_address():
    address = f"127.0.0.1:{free_port()}"
    refused(Settings(broker=address), address, "CLEANWIRE_BROKER")


def test_a_right_login_is_let_in(secured):
    settings = login(secured, topic_prefix="in.")
    assert len(ensure_topics(settings)) == len(specs(settings))
    assert check_topics(settings) == []


def test_a_wrong_password(secured):
    line = refused(
        login(secured, sasl_password=WRONG),
        "the login of alice by PLAIN",
        "CLEANWIRE_SASL_PASSWORD",
    )
    assert WRONG not in line


def test_a_mechanism_that_the_broker_does_not_have(secured):
    refused(login(secured, sasl_mechanism="SCRAM-SHA-256"), "the login of alice by SCRAM-SHA-256")


def test_no_login_where_one_is_wanted(secured):
    refused(Settings(broker=secured), secured, "SASL")


def test_tls_where_the_broker_speaks_none(broker_address):
    refused(Settings(broker=broker_address, tls=True), broker_address, "Handshake failed", "TLS")


def test_a_user_without_the_right(secured):
    with pytest.raises(OperationError, match="grant"):
        ensure_topics(login(secured, sasl_username="bob", topic_prefix="bob."))


def test_tls_files_that_are_none(tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    settings = Settings(tls=True, tls_ca_file=tmp_path / "ca.pem")
    refused(settings, "CLEANWIRE_TLS_CA_FILE", within=5)


def test_a_worker_logs_in_like_everything_else(secured, tmp_path):
    settings = login(secured, topic_prefix="login.", data_dir=tmp_path / "data")
    ensure_topics(settings)
    sample = sample_pages()[0]
    with Worker(settings) as worker:
        publish(settings, [sample.value])
        wait_for_outcomes(settings, 1)
        deadline = time.monotonic() + 20
        while (
            'cleanwire_outcomes_total{kind="new",outcome="clean"} 1.0'
            not in worker.get("/metrics")[1]
        ):
            assert time.monotonic() < deadline
            time.sleep(0.2)
    assert "right" not in worker.log.read_text()
