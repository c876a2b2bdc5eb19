import pytest
from harness import Worker, publish, wait_for_outcomes

from streams.samples import sample_pages
from streams.web.pages import overview
from streams.web.state import LATEST, MINUTES, Lag, Seen, State


def seen(at=0.0, outcome="clean", kind="new", name="A title", detail="12 words"):
    return Seen(at=at, outcome=outcome, kind=kind, name=name, detail=detail)


def test_counts_rates_and_the_latest():
    state = State()
    for second in range(120):
        state.enter(seen(at=6000.0 + second))
    state.enter(seen(at=6119.0, outcome="rejected", kind="not-json"))
    assert state.total("clean") == 120
    assert state.counts["rejected", "not-json"] == 1
    assert state.latest[0].outcome == "rejected"
    assert len(state.latest) == LATEST
    assert state.rate(6120.0 - 1) == pytest.approx(121 / 119)
    assert state.per_minute(6119.0)[-2:] == [60, 61]
    assert len(state.per_minute(0)) == MINUTES
    state.enter(seen(at=600_000.0))
    assert sum(state.per_minute(600_000.0)) == 1


def test_what_comes_from_pages_is_escaped():
    state = State()
    state.enter(seen(kind="<b>", name="<script>alert('x')</script>", detail='"&'))
    state.lags = [Lag(group="<g>", topic="t", partition=0, records=None)]
    state.fault = "<Fault>"
    html = overview(state, 0.0, 1000)
    for raw in ("<script>alert", "<b></td>", "<g>", "<Fault>"):
        assert raw not in html
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;" in html
    assert "nothing committed" in html


@pytest.mark.broker
def test_the_view_of_a_running_worker(settings):
    samples = sample_pages()
    with Worker(settings) as worker:
        publish(settings, [sample.value for sample in samples], partition=0)
        wait_for_outcomes(settings, len(samples))
        for _ in range(50):
            status, page, headers = worker.get("/")
            if page.count("<tr>") > len(samples):
                break
        assert status == 200
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Harbour minister promises new span" in page
        assert "duplicate-articles" not in page
        assert f"{settings.topic_prefix}cleanwire-extract" in page
        status, metrics, headers = worker.get("/metrics")
        assert headers["Content-Type"].startswith("text/plain")
        assert 'cleanwire_outcomes_total{kind="no-article",outcome="rejected"} 4.0' in metrics
        assert "cleanwire_index_articles 7.0" in metrics
        assert "# TYPE cleanwire_lag_records gauge" in metrics
        assert worker.get("/healthz")[:2] == (200, "ok\n")
        assert worker.get("/readyz")[0] == 200
        for path in ("/table/", "/router/", "/graph", "/stats", "/x"):
            assert worker.get(path)[0] == 404
