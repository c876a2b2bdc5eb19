"""`cleanwire broker`."""

import signal
from pathlib import Path

import click

from streams.cli.screen import ERR
from streams.errors import OperationalError
from streams.settings import load_settings
from streams.testing.broker import EmbeddedBroker


@click.command("broker")
@click.option("--port", default=9092, show_default=True, help="Port on 127.0.0.1.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for its data.  [default: broker/ in CLEANWIRE_DATA_DIR]",
)
def command(port: int, data: Path | None) -> int:
    """Run the embedded Kafka in the foreground, until Ctrl-C.

    A real Apache Kafka (one node, KRaft) on loopback, for trying things out. Its data is kept
    for the next start.

    \b
    Examples:
      cleanwire broker
      cleanwire broker --port 19092 --data /tmp/kafka
    """
    settings = load_settings()
    broker = EmbeddedBroker(
        data or settings.data_dir / "broker",
        port=port,
        max_message_bytes=2 * settings.max_message_bytes,
        say=ERR.print,
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with broker:
        try:
            ERR.print(f"Kafka answers at {broker.address}; Ctrl-C stops it")
            code = broker.wait()
        except KeyboardInterrupt:
            return 0
    raise OperationalError(f"Kafka ended (exit code {code})", f"see {broker.log_file}")
