"""Writes the Kubernetes files that follow from the code: `python scripts/kubernetes.py`.

Strimzi's topics and user for the settings of the large overlay, and the alerts for the Prometheus
operator. `tests/test_kubernetes.py` holds the files to what this program would write.

Invariant: what it writes follows from the repository alone, not from the environment.
"""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

from streams.kafka.topics import specs
from streams.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[1]
KUBERNETES = ROOT / "deploy" / "kubernetes"
LARGE = KUBERNETES / "overlays" / "large"
CLUSTER = "kafka"
"""The name of Strimzi's cluster."""
FOR_USERS = ("topics", "topics --check", "worker", "the web view")
"""The rows of the table of rights whose commands run as the user of the pods."""
FOR_NOBODY = "topics --grow"
MADE = "# Written by scripts/kubernetes.py.\n"

_ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| ([^|]*) \|$", re.MULTILINE)
_NAME = re.compile(r"`([^`]+)`")


def environment() -> dict[str, str]:
    """The variables of the large overlay's pods."""
    lines: list[str] = []
    for file in (KUBERNETES / "base" / "cleanwire.env", LARGE / "cleanwire.env"):
        lines += file.read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line)


def settings() -> Settings:
    """The settings of the large overlay, without those that name files and secrets of a pod."""
    given = {
        name: value
        for name, value in environment().items()
        if name.removeprefix(PREFIX).lower() in Settings.model_fields
        and not name.startswith((f"{PREFIX}SASL", f"{PREFIX}TLS"))
    }
    with mock.patch.dict(os.environ, given, clear=True):
        return Settings()


def topics(config: Settings) -> Iterator[dict[str, Any]]:
    """A KafkaTopic for each topic, with every option that the code wants."""
    for spec in specs(config):
        yield {
            "apiVersion": "kafka.strimzi.io/v1",
            "kind": "KafkaTopic",
            "metadata": {"name": spec.name.lower(), "labels": _labels()},
            "spec": {
                "topicName": spec.name,
                "partitions": spec.partitions,
                "replicas": config.replication_factor,
                "config": dict(spec.config),
            },
        }


def user(config: Settings) -> dict[str, Any]:
    """The KafkaUser of the pods: the rights of docs/howto/secure.md, and no more."""
    rights: dict[tuple[str, str], set[str]] = {}
    for kind, name, operations in _rights([spec.name for spec in specs(config)]):
        rights.setdefault((kind, name), set()).update(operations)
    acls = [
        {
            "resource": {"type": kind, "name": name, "patternType": "literal"},
            "operations": sorted(operations),
        }
        for (kind, name), operations in sorted(rights.items(), reverse=True)
    ]
    return {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaUser",
        "metadata": {
            "name": environment()[f"{PREFIX}SASL_USERNAME"],
            "labels": _labels(),
        },
        "spec": {
            "authentication": {"type": "scram-sha-512"},
            "authorization": {"type": "simple", "acls": acls},
        },
    }


def alerts() -> dict[str, Any]:
    """The alerts as the Prometheus operator takes them."""
    text = (ROOT / "deploy" / "prometheus" / "alerts.yml").read_text("utf-8")
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "cleanwire", "labels": {"app.kubernetes.io/name": "cleanwire"}},
        "spec": yaml.safe_load(text),
    }


def files() -> dict[Path, str]:
    """The text of every file that is written."""
    config = settings()
    return {
        LARGE / "topics.yaml": _written(topics(config)),
        LARGE / "user.yaml": _written([user(config)]),
        KUBERNETES / "components" / "monitoring" / "alerts.yaml": _written([alerts()]),
    }


def _rights(every: list[str]) -> Iterator[tuple[str, str, set[str]]]:
    text = (ROOT / "docs" / "howto" / "secure.md").read_text("utf-8")
    for who, where, what in _ROW.findall(text):
        command = who.replace("`", "")
        if not command.startswith(FOR_USERS) or command.startswith(FOR_NOBODY):
            continue
        if where.startswith("as "):
            continue
        operations = set(what.replace(" ", "").split(","))
        kind = "group" if where.startswith("group") else "topic"
        names = every if where == "every topic" else _NAME.findall(where)
        for name in names:
            # Strimzi's topic operator creates the topics here.
            yield kind, name, operations - {"Create"}


def _labels() -> dict[str, str]:
    return {"app.kubernetes.io/name": "cleanwire", "strimzi.io/cluster": CLUSTER}


def _written(documents: Any) -> str:  # noqa: ANN401 - mappings, one or many
    return MADE + yaml.safe_dump_all(documents, sort_keys=False, width=110, allow_unicode=True)


def main() -> int:
    """Write the files that are not as the code has them, and name them."""
    for path, text in files().items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
