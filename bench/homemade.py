"""What one would write instead of Cleanwire: a loop of kafka-python, trafilatura and datasketch.

Invariant: it stays what a sensible person writes in an afternoon, so that `bench/stream.py` can
compare with it. An offset is committed after its article is on the output topic.

    python bench/homemade.py BROKER RAW_TOPIC OUTPUT_TOPIC GROUP
"""

import base64
import json
import sys
from typing import Any

import trafilatura
from datasketch import MinHash, MinHashLSH
from kafka import KafkaConsumer, KafkaProducer

PERMUTATIONS = 128
THRESHOLD = 0.5
MAX_BYTES = 16 << 20


def clean(value: bytes) -> dict[str, Any] | None:
    """The article of a raw-page event; None if there is none."""
    event = json.loads(value)
    page = event.get("body") or base64.b64decode(event["body_base64"])
    found = trafilatura.bare_extraction(page, url=event["url"], with_metadata=True)
    if found is None or not found.text:
        return None
    return {
        "url": event["url"],
        "fetched_at": event["fetched_at"],
        "title": found.title,
        "author": found.author,
        "date": found.date,
        "text": found.text,
    }


def signature(text: str) -> MinHash:
    """MinHash of the 3-word shingles."""
    words = text.lower().split()
    shingles = {" ".join(words[place : place + 3]) for place in range(max(1, len(words) - 2))}
    found = MinHash(num_perm=PERMUTATIONS)
    found.update_batch([shingle.encode() for shingle in shingles])
    return found


def main(broker: str, raw: str, output: str, group: str) -> None:
    """Read pages, clean them, and publish the new articles, for ever."""
    consumer = KafkaConsumer(
        raw,
        bootstrap_servers=broker,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=MAX_BYTES,
    )
    producer = KafkaProducer(
        bootstrap_servers=broker, acks="all", linger_ms=5, max_request_size=MAX_BYTES
    )
    index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
    while True:
        for records in consumer.poll(timeout_ms=1000, max_records=100).values():
            for record in records:
                article = clean(record.value)
                if article is None:
                    continue
                found = signature(article["text"])
                if not index.query(found):
                    index.insert(f"{record.partition}:{record.offset}", found)
                    key = article["url"].encode()
                    producer.send(output, json.dumps(article).encode(), key=key)
        producer.flush()
        consumer.commit()


if __name__ == "__main__":
    main(*sys.argv[1:])
