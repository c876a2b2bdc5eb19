"""Checks the codecs of compressed records: gzip, snappy, lz4 and zstd.

Invariant: a process that reads the bus can read every codec of Kafka with both client libraries.

The codec is chosen by a producer, or by the `compression.type` of a topic. A batch that a client
cannot read stops its partition for good.

Each codec is tried on a few bytes, because an import proves little: the package may be too old, or
a different one of the same name.
"""

from collections.abc import Callable, Mapping

from aiokafka import codec as aiokafka_codec
from kafka import codec as kafka_codec

from streams.errors import OperationalError

TEXT = b"cleanwire"

SAMPLES: Mapping[str, bytes] = {
    "snappy": bytes.fromhex("0920636c65616e77697265"),
    "lz4": bytes.fromhex("04224d1860408209000080636c65616e7769726500000000"),
    "zstd": bytes.fromhex("28b52ffd2009490000636c65616e77697265"),
}
"""`TEXT` as a raw block of snappy, as a frame of LZ4 and as a frame of zstd (RFC 8878). gzip needs
no sample: it is part of Python."""

PACKAGES: Mapping[str, Mapping[str, str]] = {
    "aiokafka": {"snappy": "cramjam", "lz4": "cramjam", "zstd": "cramjam"},
    "kafka-python": {"snappy": "python-snappy", "lz4": "lz4", "zstd": "zstandard"},
}
"""The package with which each client reads a codec."""

_CLIENTS = {"aiokafka": aiokafka_codec, "kafka-python": kafka_codec}

_XERIAL_MAGIC = b"\x82SNAPPY\x00"
_XERIAL_HEADER = len(_XERIAL_MAGIC) + 8


def require_codecs() -> None:
    """Refuse to go on unless both clients read every codec.

    Raises:
        OperationalError: a codec cannot be read; the error names it and the packages to install.
    """
    broken = [
        (name, PACKAGES[client][name])
        for client in _CLIENTS
        for name in SAMPLES
        if not _can_read(client, name)
    ]
    if broken:
        names = sorted({name for name, _ in broken})
        packages = sorted({package for _, package in broken})
        raise OperationalError(
            f"records compressed with {_joined(names)} cannot be read: "
            f"{_joined(packages)} cannot be used",
            f"run `pip install --upgrade {' '.join(packages)}`",
        )


def read_any_xerial_header() -> None:
    """Let aiokafka read blocks of snappy whatever the byte order of their header.

    The xerial format opens with magic bytes and two numbers: its version, and the oldest version
    that can read it. There is only one version. Some producers write the numbers with the lowest
    byte first. Kafka accepts that; aiokafka (0.14) would take such a batch for a raw block, and
    fail.
    """
    aiokafka_codec._detect_xerial_stream = _is_xerial  # noqa: SLF001 - aiokafka has no setting for this


def _is_xerial(payload: bytes) -> bool:
    head = bytes(payload[:_XERIAL_HEADER])
    return len(head) == _XERIAL_HEADER and head.startswith(_XERIAL_MAGIC)


def _can_read(client: str, name: str) -> bool:
    try:
        decode: Callable[[bytes], bytes] = getattr(_CLIENTS[client], f"{name}_decode")
        return bytes(decode(SAMPLES[name])) == TEXT
    except Exception:  # noqa: BLE001 - a codec that raises any error cannot read
        return False


def _joined(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
