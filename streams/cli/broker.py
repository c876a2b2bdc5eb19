"""`cleanwire broker`."""

import signal
from pathlib import Path

import click

from streams.cli.screen import say
from streams.errors import ConfigurationError, OperationalError
from streams.settings import Settings, load_settings
from streams.testing.broker import EmbeddedBroker
from streams.testing.ports import LOOPBACK

_LOOPBACK_NAMES = (LOOPBACK, "localhost")


@click.command("broker")
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    help="Port on 127.0.0.1.  [default: that of CLEANWIRE_BROKER, 9092]",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for its data.  [default: broker/ in CLEANWIRE_DATA_DIR]",
)
def command(port: int | None, data: Path | None) -> int:
    """Run the embedded Kafka in the foreground, until Ctrl-C.

    A real Apache Kafka (one node, KRaft) on loopback, for trying things out. Its data is kept
    for the next start. It follows the settings: it listens where CLEANWIRE_BROKER is, and takes
    records of CLEANWIRE_MAX_MESSAGE_BYTES. Settings that it cannot follow are an error.

    \b
    Examples:
      cleanwire broker
      cleanwire broker --port 19092 --data /tmp/kafka
      CLEANWIRE_BROKER=127.0.0.1:19092 cleanwire broker
    """
    settings = load_settings()
    broker = EmbeddedBroker(
        data or settings.data_dir / "broker",
        port=port_for(settings, port),
        max_message_bytes=2 * settings.max_message_bytes,
        say=say,
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with broker:
        try:
            say(f"Kafka answers at {broker.address}; Ctrl-C stops it")
            code = broker.wait()
        except KeyboardInterrupt:
            return 0
    raise OperationalError(f"Kafka ended (exit code {code})", f"see {broker.log_file}")


def port_for(settings: Settings, asked: int | None) -> int:
    """The port that the embedded Kafka has to listen on.

    Args:
        settings: `CLEANWIRE_BROKER`, and what an embedded Kafka does not have.
        asked: the port of the command line; None if there is none.

    Raises:
        ConfigurationError: the embedded Kafka cannot be what the settings say.
    """
    if settings.tls or settings.sasl_mechanism:
        name = "CLEANWIRE_TLS" if settings.tls else "CLEANWIRE_SASL_MECHANISM"
        raise ConfigurationError(
            f"{name} is set, and the embedded Kafka has neither TLS nor logins", f"unset {name}"
        )
    if settings.replication_factor > 1:
        raise ConfigurationError(
            f"CLEANWIRE_REPLICATION_FACTOR={settings.replication_factor} needs as many brokers, "
            "and the embedded Kafka is one",
            "unset it",
        )
    host, _, port = settings.broker.rpartition(":")
    if host not in _LOOPBACK_NAMES:
        raise ConfigurationError(
            f"CLEANWIRE_BROKER={settings.broker} is elsewhere, and the embedded Kafka listens on "
            f"{LOOPBACK} only",
            f"unset it, or set it to {LOOPBACK}:{asked or 9092}",
        )
    is_set = "broker" in settings.model_fields_set
    if asked is not None and is_set and asked != int(port):
        raise ConfigurationError(
            f"--port {asked} is not the port of CLEANWIRE_BROKER={settings.broker}, where all "
            "other commands look for it",
            f"leave --port out, or set CLEANWIRE_BROKER={LOOPBACK}:{asked}",
        )
    return asked or int(port)
