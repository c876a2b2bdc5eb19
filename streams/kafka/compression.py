"""The codecs of compressed records: gzip, snappy, lz4 and zstd.

Invariant: a process that reads the bus can read every codec that Kafka has, by both clients. A
producer, or the `compression.type` of a topic, chooses the codec; a batch that a client cannot read
stops its partition for good.

Each codec is tried on a few bytes, because an import proves little: a package may be too old, or
another one of the same name.
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
"""`TEXT` as a raw block of snappy, a frame of LZ4, and a frame of zstd (RFC 8878); gzip is Python's
own."""

PACKAGES: Mapping[str, Mapping[str, str]] = {
    "aiokafka": {"snappy": "cramjam", "lz4": "cramjam", "zstd": "cramjam"},
    "kafka-python": {"snappy": "python-snappy", "lz4": "lz4", "zstd": "zstandard"},
}
"""The package that each client reads a codec with."""

_CLIENTS = {"aiokafka": aiokafka_codec, "kafka-python": kafka_codec}

_XERIAL_MAGIC = b"\x82SNAPPY\x00"
_XERIAL_HEADER = len(_XERIAL_MAGIC) + 8


def require_codecs() -> None:
    """Refuse to go on unless both clients read every codec.

    Raises:
        OperationalError: names the codecs that cannot be read, and the packages to install.
    """
    broken = [
        (name, PACKAGES[client][name])
        for client in _CLIENTS
        for name in SAMPLES
        if not _reads(client, name)
    ]
    if broken:
        names = sorted({name for name, _ in broken})
        packages = sorted({package for _, package in broken})
        raise OperationalError(
            f"records compressed with {_listed(names)} cannot be read: "
            f"{_listed(packages)} cannot be used",
            f"run `pip install --upgrade {' '.join(packages)}`",
        )


def read_any_xerial_header() -> None:
    """Let aiokafka read blocks of snappy whatever the byte order of their header is.

    The xerial format opens with a magic and two numbers, its version and the oldest one that reads
    it. There is one version. Some producers write the numbers with the lowest byte first; Kafka
    takes them, and aiokafka (0.14) would take such a batch for a raw block and fail.
    """
    aiokafka_codec._detect_xerial_stream = _is_xerial  # noqa: SLF001 - it has no setting for this


def _is_xerial(payload: bytes) -> bool:
    head = bytes(payload[:_XERIAL_HEADER])
    return len(head) == _XERIAL_HEADER and head.startswith(_XERIAL_MAGIC)


def _reads(client: str, name: str) -> bool:
    try:
        decode: Callable[[bytes], bytes] = getattr(_CLIENTS[client], f"{name}_decode")
        return bytes(decode(SAMPLES[name])) == TEXT
    except Exception:  # noqa: BLE001 - whatever a codec does that is not its answer, it cannot read
        return False


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
