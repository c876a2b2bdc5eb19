"""The web view of a worker on a real broker."""

import json
import re
import time
import urllib.request

import orjson
import pytest
from pydantic import SecretStr

from helpers.harness import Worker, metric, publish, wait_for, wait_for_outcomes

pytestmark = pytest.mark.broker

TITLE = "<script>alert(1)</script> shakes the harbour"


def page(number, title, url=None):
    words = " ".join(f"w{number}x{place} tells of{place} it." for place in range(60))
    escaped = title.replace("<", "&lt;")
    html = f"<html><body><h1>{escaped}</h1><p>{words}</p></body></html>"
    return orjson.dumps(
        {
            "url": url or f"https://s{number}.example/a",
            "fetched_at": "2026-11-03T10:00:00Z",
            "body": html,
        }
    )


CLEAN = 'cleanwire_pages_total{kind="new",outcome="clean",stage="dedupe"}'
NOT_JSON = 'cleanwire_pages_total{kind="not-json",outcome="rejected",stage="extract"}'


def test_the_view_shows_what_stands_on_the_topics(settings):
    values = [
        page(1, TITLE),
        page(1, TITLE, url="https://copy.example/b"),
        page(2, "Ferry resumes"),
        b"not json",
    ]
    with Worker(settings) as worker:
        publish(settings, values, partition=0)
        wait_for_outcomes(settings, len(values))
        wait_for(worker, CLEAN, 2)
        wait_for(worker, NOT_JSON, 1)
        wait_for(worker, "cleanwire_index_articles", 2)
        wait_for(worker, "cleanwire_facts", 3)
        metrics = worker.get("/metrics")[1]
        fill = dict(
            re.findall(r'cleanwire_shard_fill_ratio{limit="(\w+)",shard="0"} (\S+)', metrics)
        )
        assert 0 < float(fill["articles"]) == pytest.approx(2 / 2**24, rel=0.01)
        assert 0 < float(fill["bytes"]) < 0.01
        wait_for(worker, 'cleanwire_in_flight{stage="extract"}', 0)
        wait_for(worker, f'cleanwire_lag{{group="{settings.topic_prefix}cleanwire-extract"', 0)
        wait_for(worker, "cleanwire_view_up", 1)

        status, body, headers = worker.get("/")
        assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert "&lt;script&gt;alert(1)&lt;/script&gt; shakes the harbour" in body
        assert "<script>" not in body
        assert re.search(r"copies (<a [^>]*>)?<bdi>https://s1\.example/a</bdi>", body)
        assert "Not ready" not in body
        assert "raw page 0:3" in body
        assert "The last hour, of all workers." in body

        assert worker.get("/metrics")[2]["Content-Type"].startswith("text/plain; version=")
        assert worker.get("/healthz")[:2] == (200, "ok\n")
        status, body, _ = worker.get("/readyz")
        assert (status, json.loads(body)) == (200, {"ready": True, "missing": {}})
        assert worker.get("/view.js")[2]["Content-Type"] == "text/javascript; charset=utf-8"
        assert worker.get("/style.css")[2]["Content-Type"] == "text/css; charset=utf-8"
    # Without a store, what was there before is read back. It is nothing that this worker did.
    with Worker(settings.model_copy(update={"view_store": "off"})) as worker:
        wait_for(worker, "cleanwire_view_up", 1)
        deadline = time.monotonic() + 30
        while "shakes the harbour" not in worker.get("/")[1]:
            assert time.monotonic() < deadline
            time.sleep(0.3)
        assert metric(worker, CLEAN) == 0
        assert metric(worker, NOT_JSON) == 0
        # The last hour has them from the store.
        assert re.search(r"<h2 class=\"clean\">clean</h2>\s*<b>2</b>", worker.get("/")[1])


def test_faust_serves_nothing_of_its_own(settings):
    with Worker(settings) as worker:
        for path in ("/table/", "/tables/", "/stats/", "/router/", "/graph/", "/index.html"):
            assert worker.get(path)[0] == 404


@pytest.fixture
def abroad(settings):
    """A view that other hosts can reach."""
    return settings.model_copy(update={"web_bind": "0.0.0.0"})  # noqa: S104 - the subject


def test_a_view_for_other_hosts_asks_for_its_token(abroad):
    with_token = abroad.model_copy(update={"web_token": SecretStr("sixteen-and-more")})
    with Worker(with_token) as worker:
        for path in ("/", "/metrics", "/style.css"):
            assert worker.get(path)[0] == 401
            assert worker.get(path, Authorization="Bearer sixteen-and-more")[0] == 200
        assert worker.get("/readyz")[:2] == (200, '{"ready": true}')
        assert worker.get("/", Authorization="Bearer sixteen-and-less")[0] == 401
    assert "sixteen" not in worker.log.read_text()


FAUST = ("-m", "faust", "-A", "streams.extract", "worker")


@pytest.mark.parametrize(
    ("command", "bind", "code"),
    [
        (("-m", "streams.cli.main", "worker"), None, 2),
        (FAUST, None, 1),
        ((*FAUST, "--web-bind", "0.0.0.0"), "127.0.0.1", 1),  # noqa: S104 - the test is about this bind
    ],
)
def test_a_view_for_other_hosts_without_a_token_is_refused(abroad, command, bind, code):
    refused = abroad.model_copy(update={"web_bind": bind} if bind else {})
    worker = Worker(refused, command=command).start()
    assert worker.process.wait(60) == code
    line = worker.log.read_text().strip().splitlines()[-1]
    assert line.startswith("cleanwire: CLEANWIRE_WEB_BIND=0.0.0.0 shows the web view")
    assert "set CLEANWIRE_WEB_TOKEN" in line
    assert "Traceback" not in worker.log.read_text()


@pytest.mark.parametrize("command", [("-m", "streams.cli.main", "worker"), FAUST])
def test_a_worker_without_the_view_needs_no_token(abroad, command):
    worker = Worker(abroad, "--without-web", command=command).start()
    try:
        publish(abroad, [b"not json"], partition=0)
        wait_for_outcomes(abroad, 1)
    finally:
        assert worker.stop() == 0, worker.log.read_text()


def test_a_stage_run_by_fausts_own_command_has_the_view(settings):
    with Worker(settings, command=FAUST) as worker:
        publish(settings, [b"not json"], partition=0)
        wait_for(worker, NOT_JSON, 1)
        assert metric(worker, "cleanwire_decide_seconds_count") is None
        assert metric(worker, "cleanwire_facts") is None
        assert worker.get("/healthz")[0] == 200


def test_sites_stories_and_a_trial_on_a_worker(settings):
    values = [
        page(1, TITLE),
        page(1, TITLE, url="https://copy.example/b"),
        page(1, TITLE, url="https://farm.example/c"),
        page(2, "Ferry resumes", url="https://farm.example/d"),
        b"not json",
    ]
    with Worker(settings) as worker:
        publish(settings, values, partition=0)
        wait_for_outcomes(settings, len(values))
        deadline = time.monotonic() + 30
        while "copies on" not in worker.get("/stories")[1]:
            assert time.monotonic() < deadline, worker.get("/stories")
            time.sleep(0.3)
        body = worker.get("/stories?range=hour")[1]
        assert "&lt;script&gt;alert(1)&lt;/script&gt; shakes the harbour" in body
        assert "<b>2</b> copies on <b>2</b> sites" in body
        body = worker.get("/sites")[1]
        for site in ("copy.example", "farm.example"):
            assert f"<title>{site} has 1 copy of s1.example</title>" in body
        status, body, _ = worker.get("/sites/farm.example")
        assert status == 200
        assert '<a href="../sites/s1.example">' in body

        html = orjson.loads(page(3, "A third harbour"))["body"]
        form = f'--b\r\nContent-Disposition: form-data; name="page"\r\n\r\n{html}\r\n--b--\r\n'
        asked = urllib.request.Request(
            f"http://127.0.0.1:{worker.settings.web_port}/try",
            form.encode(),
            {"Content-Type": "multipart/form-data; boundary=b"},
        )
        with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310 - http
            body = answer.read().decode()
        assert "<b>Published</b>, unless" in body
        assert "<bdi>A third harbour</bdi>" in body
    # Nothing of it was published or logged.
    assert "third" not in worker.log.read_text()
