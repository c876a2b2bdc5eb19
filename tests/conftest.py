"""One embedded broker for the whole run; every test has topics of its own on it.

With pytest-xdist (`-n 2`) the controller starts it, and every process is told its address.
"""

import os
import signal
import tempfile
import threading
import time
import uuid
from pathlib import Path

import hypothesis
import pytest

from streams.kafka.topics import ensure_topics
from streams.settings import Settings
from streams.testing.broker import EmbeddedBroker

SHARED = Path(__file__).resolve().parents[2] / "shared"
MAX_MESSAGE_BYTES = 24 << 20
CLIENT_SECONDS = 20.0
"""A client whose brokers are away gives up in its own time, behind a test that did not wait."""
KAFKA_CACHE = Path(__file__).resolve().parents[1] / ".venv" / "kafka.aot"
"""What `python scripts/kafka_cache.py` makes; without it a broker starts more slowly."""

# How long an example takes says nothing where five processes share two cores: pytest-timeout ends
# what hangs.
hypothesis.settings.register_profile(
    "shared", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("shared")


def java_options():
    """What every Java of the tests starts with.

    A broker of a test lives for seconds, so the second compiler costs more than it gives.
    """
    cache = [f"-XX:AOTCache={KAFKA_CACHE}"] if KAFKA_CACHE.exists() else []
    return " ".join(["-XX:+IgnoreUnrecognizedVMOptions", "-XX:TieredStopAtLevel=1", *cache])


def pytest_configure(config):
    os.environ.setdefault("JDK_JAVA_OPTIONS", java_options())
    # A run in the background is started with interrupts ignored, and hands that down.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # A run that leaves the broker's tests out starts none.
    if getattr(config.option, "numprocesses", None) and "not broker" not in config.option.markexpr:
        config.pluginmanager.register(_Shared())


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch, tmp_path):
    for name in os.environ:
        if name.startswith("CLEANWIRE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _no_kafka_client_left():
    """A client that is left open draws numbers in its thread, which Hypothesis notices later."""
    yield
    deadline = time.monotonic() + CLIENT_SECONDS
    while left := [each.name for each in threading.enumerate() if "kafka-io" in each.name]:
        assert time.monotonic() < deadline, f"Kafka clients are left open: {left}"
        time.sleep(0.1)


def new_broker(folder):
    return EmbeddedBroker(folder, max_message_bytes=2 * MAX_MESSAGE_BYTES)


class _Shared:
    """The broker of a run in several processes, as a plugin of the controller's."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="cleanwire-tests-")
        self.broker = new_broker(Path(self.folder.name))

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node):
        self.broker.start()
        node.workerinput["broker"] = self.broker.address

    def pytest_unconfigure(self):
        self.broker.stop()
        self.folder.cleanup()


@pytest.fixture(scope="session")
def broker_address(request, tmp_path_factory):
    """host:port of the run's one broker."""
    given = getattr(request.config, "workerinput", {})
    if "broker" in given:
        yield given["broker"]
        return
    with new_broker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker.address


@pytest.fixture
def bare_settings(broker_address, tmp_path):
    """Settings for the broker, with a topic prefix of their own and no topics yet.

    One process cleans, because the start of one costs seconds. Where it counts that pages overtake
    each other, a test takes `two_at_a_time`.
    """
    return Settings(
        broker=broker_address,
        topic_prefix=f"t{uuid.uuid4().hex[:8]}.",
        data_dir=tmp_path / "data",
        max_message_bytes=MAX_MESSAGE_BYTES,
        clean_processes=1,
        session_timeout=6,
    )


@pytest.fixture
def settings(bare_settings):
    ensure_topics(bare_settings)
    return bare_settings


@pytest.fixture
def two_at_a_time(settings):
    """Settings and topics with which a worker cleans two pages at a time."""
    return settings.model_copy(update={"clean_processes": 2})


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server of this process; every test makes a database of its own on it."""
    # The driver is an extra; a run without it does not load this.
    from helpers.postgres import server  # noqa: PLC0415 - as above

    with server() as found:
        if found is None:
            pytest.skip("there is no PostgreSQL server: set PG_BIN, or install pgserver")
        yield found


@pytest.fixture(params=["postgresql", "sqlite"])
def database_url(request, tmp_path):
    """The URL of an empty database; a test that takes it runs on both."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'articles.db'}"
    server = request.getfixturevalue("postgres")
    return server.url(server.new_database())


@pytest.fixture(scope="session")
def shared():
    if not SHARED.is_dir():
        pytest.skip("the measuring data (../shared) is not beside the repository")
    return SHARED


def pytest_collection_modifyitems(items):
    """The quick ones first: what needs a broker comes after what does not, the fault run last."""
    items.sort(
        key=lambda item: (
            item.get_closest_marker("broker") is not None,
            item.path.name == "test_faults.py",
        )
    )
