"""Dashboard, alerts, runbooks and reference name the metrics that are exported, and no others."""

import json
import re
from pathlib import Path

import pytest
import yaml
from grafana_foundation_sdk.cog import encoder, plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from helpers.exposition import everything
from helpers.prometheus import promtool

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
DASHBOARD = DEPLOY / "grafana" / "dashboards" / "cleanwire.json"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"
RUNBOOKS = ROOT / "docs" / "runbooks.md"
OTHERS = {"process_start_time_seconds", "up"}
"""Metrics that Prometheus and its client give of every process."""


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The text of a worker that runs both stages and has every kind of metric."""
    return everything(tmp_path_factory.mktemp("both"))


@pytest.fixture(scope="module")
def series(exported):
    """The labels of every series, by its name."""
    found = {}
    for name, labels in re.findall(r"^(\w+)(?:\{(.*)\})? \S+$", exported, re.MULTILINE):
        found.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    return found


def dashboard():
    return json.loads(DASHBOARD.read_text("utf-8"))


def panels():
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def rules():
    (group,) = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    return group["rules"]


def expressions():
    """Every query of the dashboard and of the alerts, with what it is in."""
    for panel in panels():
        for target in panel["targets"]:
            expression = target["expr"].replace("$__rate_interval", "1m").replace("$job", ".+")
            yield panel["title"], expression, target["legendFormat"]
    for rule in rules():
        yield rule["alert"], rule["expr"], rule["annotations"]["summary"]


def names_in(expression):
    bare = re.sub(r'"[^"]*"', '""', expression)
    return set(re.findall(r"\b(?:cleanwire_\w+|process_\w+|up)\b", bare))


@pytest.mark.parametrize(
    ("where", "expression", "text"), [*expressions()], ids=lambda one: one[:40]
)
def test_every_metric_and_label_that_is_asked_for_is_exported(series, where, expression, text):
    names = names_in(expression)
    assert names, where
    known = {"job", "instance"}
    for name in names - OTHERS:
        assert name in series, (where, name)
        known |= series[name]
    chosen = re.findall(r"(\w+) ?(?:=~?|!=|!~)\"", expression)
    grouped = re.findall(r"\b(?:by|on) \(([^)]*)\)", expression)
    asked = {*chosen, *(label.strip() for labels in grouped for label in labels.split(","))}
    # label_replace makes `stage` of the group's name.
    asked -= {"stage"} if "label_replace" in expression else set()
    assert asked <= known, where
    named = set(re.findall(r"\{\{ ?(?:\$labels\.)?(\w+) ?\}\}", text))
    assert named <= known | {"stage"}, where


def test_every_metric_is_in_the_reference_and_in_nothing_else(series):
    text = (ROOT / "docs" / "reference" / "web-view.md").read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `cleanwire_")]
    listed = {
        name: {label.strip() for label in line.split("|")[3].split(",") if label.strip()}
        for line in rows
        for name in re.findall(r"`(cleanwire_\w+)`", line.split("|")[1])
    }
    ours = {}
    for name, labels in series.items():
        if name.startswith("cleanwire_"):
            base = (
                re.sub(r"_(bucket|sum|count)$", "", name)
                if "le" in series.get(re.sub(r"_(sum|count)$", "_bucket", name), set())
                else name
            )
            ours.setdefault(base, set()).update(labels - {"le"})
    assert listed.keys() == ours.keys()
    assert listed == ours


@pytest.mark.parametrize(
    "page",
    sorted([*ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/*.md")]),
    ids=lambda page: page.name,
)
def test_no_page_names_a_metric_that_is_not_there(series, page):
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in series} | set(series)
    named = set(re.findall(r"`(cleanwire_[a-z_]+)", page.read_text("utf-8")))
    # The names of before, in the table that says what to ask for instead.
    gone = {"cleanwire_outcomes_total", "cleanwire_rejected_total"}
    # Why Scrapy says that a crawl ended.
    reasons = {"cleanwire_unavailable", "cleanwire_unacknowledged"}
    assert named - gone - reasons <= families


def test_every_alert_has_its_section_of_the_runbooks_and_nothing_else_has():
    text = RUNBOOKS.read_text("utf-8")
    sections = re.findall(r"^## (\w+)$", text, re.MULTILINE)
    assert sections == [rule["alert"] for rule in rules()]
    for rule in rules():
        anchor = f"docs/runbooks.md#{rule['alert'].lower()}"
        assert rule["annotations"]["runbook"] == anchor
        assert rule["labels"]["severity"] in {"page", "ticket"}
    for section in re.split(r"^## \w+$", text, flags=re.MULTILINE)[1:]:
        for part in ("**What it means.**", "**How to see why.**", "**What to do.**"):
            assert section.count(part) == 1


def test_the_alerts_hold_and_are_tested_one_by_one():
    assert promtool("check", "rules", str(ALERTS))[0] == 0
    code, said = promtool("test", "rules", str(ALERTS.with_name("alerts_test.yml")))
    assert code == 0, said
    code, said = promtool("check", "config", str(ALERTS.with_name("prometheus.yml")))
    assert code == 0, said


def test_each_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not():
    cases = yaml.safe_load(ALERTS.with_name("alerts_test.yml").read_text("utf-8"))["tests"]
    quiet, fires = set(), set()
    for case in cases:
        for one in case["alert_rule_test"]:
            (fires if one.get("exp_alerts") else quiet).add(one["alertname"])
    assert fires == quiet == {rule["alert"] for rule in rules()}


def test_every_query_can_be_parsed(tmp_path):
    file = tmp_path / "queries.yml"
    queries = [{"record": f"q:{n}", "expr": one[1]} for n, one in enumerate(expressions())]
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": queries}]}))
    code, said = promtool("check", "rules", str(file))
    assert code == 0, said


def test_the_dashboard_is_one_that_grafana_provisions():
    found = dashboard()
    assert (found["uid"], found["schemaVersion"]) == ("cleanwire", 39)
    # Grafana makes an id of its own; one that is given may be another dashboard's.
    assert "id" not in found
    ids = [panel["id"] for panel in found["panels"]]
    assert len(ids) == len(set(ids))
    taken = set()
    for panel in found["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    variables = {entry["name"] for entry in found["templating"]["list"]}
    used = set(re.findall(r"\$\{?([a-z]\w*)", json.dumps(found["panels"])))
    assert used == variables
    for panel in panels():
        assert panel["description"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


def lost(given, read, path=""):
    """The paths of what is in one JSON value and not in another."""
    if isinstance(given, dict) and isinstance(read, dict):
        pairs = [(key, value, read.get(key)) for key, value in given.items()]
    elif isinstance(given, list) and isinstance(read, list) and len(given) == len(read):
        pairs = [(number, *both) for number, both in enumerate(zip(given, read, strict=True))]
    else:
        return set() if given == read else {path}
    return {one for key, *both in pairs for one in lost(*both, f"{path}/{key}")}


def test_grafanas_own_model_of_a_dashboard_knows_every_field():
    plugins.register_default_plugins()
    given = dashboard()
    # A field that the model does not know, such as one that is misspelled, is not written again.
    read = json.loads(encoder.JSONEncoder().encode(Dashboard.from_json(given)))
    assert lost(given, read) == set()


def test_grafana_is_told_where_the_dashboard_is():
    provisioned = DEPLOY / "grafana" / "provisioning"
    (provider,) = yaml.safe_load((provisioned / "dashboards" / "cleanwire.yaml").read_text())[
        "providers"
    ]
    assert provider["type"] == "file"
    readme = (DEPLOY / "README.md").read_text("utf-8")
    assert provider["options"]["path"] in readme
    (source,) = yaml.safe_load((provisioned / "datasources" / "prometheus.yaml").read_text())[
        "datasources"
    ]
    assert source["type"] == "prometheus"
