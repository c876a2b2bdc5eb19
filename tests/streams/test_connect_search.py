"""Flat articles in a real OpenSearch, with the index template of `deploy/connect/`.

The sink connector is not on Maven Central. The test that runs it looks for it in the folder that
CONNECT_PLUGINS names, and is skipped without.
"""

import json
import os
import time

import orjson
import pytest

from cleanwire import flat
from helpers.connect import DEPLOY, ConnectWorker
from helpers.flat_articles import article, hostile_articles, send
from helpers.opensearch import OpenSearch
from streams.kafka.topics import ensure_topics

pytestmark = [pytest.mark.broker, pytest.mark.slow]

SECONDS = 60
CONNECTOR = "aiven-opensearch"


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    with OpenSearch(tmp_path_factory.mktemp("opensearch")) as node:
        template = json.loads((DEPLOY / "index-template.json").read_text("utf-8"))
        assert node.ask("PUT", "/_index_template/flat-articles", template) == {"acknowledged": True}
        yield node


def documents(node, index):
    """What an index holds, by id; empty where there is none."""
    found = node.ask("POST", f"/{index}/_search?ignore_unavailable=true", {"size": 10_000})
    return {hit["_id"]: hit["_source"] for hit in found["hits"]["hits"]}


def test_the_template_has_every_column_and_no_other():
    template = json.loads((DEPLOY / "index-template.json").read_text("utf-8"))["template"]
    columns = {column.name for column in flat.COLUMNS}
    assert set(template["mappings"]["properties"]) == columns
    assert template["mappings"]["dynamic"] is False


def test_every_article_is_taken_and_found(node):
    articles = [*hostile_articles(seed=5, count=100), article(1000)]
    payloads = {one.id: flat.flat_article(one) for one in articles}
    index = "template.flat-articles"
    for name, payload in payloads.items():
        # One by one: a bulk of them all would be over the size of a request.
        answer = node.ask("POST", f"/{index}/_bulk", [{"index": {"_id": name}}, payload])
        assert not answer["errors"], answer
    node.ask("POST", f"/{index}/_refresh")
    assert node.ask("GET", f"/{index}/_count")["count"] == len(payloads)
    assert node.ask("GET", "/articles/_count")["count"] == len(payloads)
    # No text becomes a column of its own, or a date where it looks like one.
    mapping = node.ask("GET", f"/{index}/_mapping")[index]["mappings"]["properties"]
    assert set(mapping) == {column.name for column in flat.COLUMNS}

    def found(query):
        hits = node.ask(
            "POST", "/articles/_search", {"query": query, "_source": False, "size": 1000}
        )["hits"]["hits"]
        return {hit["_id"] for hit in hits}

    example = {article(1000).id}
    assert example <= found({"match": {"text": "brass band"}})
    assert example <= found({"term": {"tags.list": "Norhaven"}})
    assert example <= found(
        {"range": {"published_at": {"gte": "2026-11-02", "lte": "2026-11-02||/d"}}}
    )
    assert example <= found({"range": {"fetched_at": {"gte": "2026-11-02T08:00:05Z"}}})
    tags = {"size": 0, "aggs": {"tags": {"terms": {"field": "tags.list", "size": 100}}}}
    buckets = node.ask("POST", "/articles/_search", tags)["aggregations"]["tags"]["buckets"]
    assert {"ferry", "Norhaven"} <= {bucket["key"] for bucket in buckets}


def test_the_sink_connector_indexes_and_deletes(node, bare_settings, tmp_path):
    plugins = os.environ.get("CONNECT_PLUGINS", "")
    if not os.path.isdir(os.path.join(plugins, CONNECTOR)):  # noqa: PTH112, PTH118 - empty is no folder
        pytest.skip(
            f"CONNECT_PLUGINS names no folder with {CONNECTOR}/, Aiven's OpenSearch connector"
        )
    settings = bare_settings.model_copy(update={"flat_articles": True})
    ensure_topics(settings)
    index = settings.topics.flat
    articles = list(hostile_articles(seed=7, count=100))
    expected = {one.id: json.loads(orjson.dumps(flat.flat_article(one))) for one in articles}
    for _ in range(2):
        send(settings, {one.id: flat.flat_value(one) for one in articles})
    changes = {"topics": index, "connection.url": node.url}
    password = {"CONNECT_OPENSEARCH_PASSWORD": "unused"}
    with ConnectWorker(settings, tmp_path, plugins, {"opensearch.json": changes}, password) as sink:
        wait_for(node, index, expected, sink)
        gone = sorted(expected)[:10]
        send(settings, dict.fromkeys(gone))
        sink.kill()
        sink.start()
        wait_for(node, index, {name: expected[name] for name in expected if name not in gone}, sink)


def wait_for(node, index, expected, sink):
    deadline = time.monotonic() + SECONDS
    while (found := documents(node, index)) != expected:
        sink.require_running()
        assert time.monotonic() < deadline, found.keys() ^ expected.keys()
        time.sleep(0.5)
