"""The dashboard and the alerts: valid, and about what Egret really exports."""

import csv
import json
import os
import re
import subprocess
from datetime import datetime
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import promql_parser as promql
import pytest
import yaml

from manifests import ROOT, tool
from observed import Observed

ALERTS = ROOT / "conf/prometheus/alerts.yaml"
DASHBOARD = ROOT / "conf/grafana/egret.json"
UNIT_TESTS = ROOT / "tests/deploy/prometheus/alerts_test.yaml"
# What FOCUS calls ProviderName and so on, and its validator asks for by other names.
MISNAMED = {"InvoiceIssuer", "Provider", "Publisher", "ResourceID"}
# What FOCUS wants only of who has such a thing, and its validator of everybody.
CONDITIONAL = {
    "CommitmentDiscountCategory",
    "CommitmentDiscountId",
    "CommitmentDiscountName",
    "CommitmentDiscountStatus",
    "CommitmentDiscountType",
    "ContractedUnitPrice",
    "ListUnitPrice",
    "RegionId",
    "RegionName",
}


def alerts():
    return [r for g in yaml.safe_load(ALERTS.read_text())["groups"] for r in g["rules"]]


def dashboard():
    return json.loads(DASHBOARD.read_text())


def panels():
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def expressions():
    """Every query, with what Grafana puts in."""
    found = [(f"alert {rule['alert']}", rule["expr"]) for rule in alerts()]
    for panel in panels():
        for target in panel["targets"]:
            expression = target["expr"].replace("$__rate_interval", "5m").replace("$gateway", ".*")
            found.append((f"panel {panel['title']}", expression))
    for variable in dashboard()["templating"]["list"]:
        if variable["type"] == "query":
            metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["definition"]).groups()
            found.append((f"variable {variable['name']}", f"count by ({label}) ({metric})"))
    return found


def parts(expression):
    """The nodes of a query."""
    nodes, todo = [], [promql.parse(expression)]
    while todo:
        node = todo.pop()
        nodes.append(node)
        for name in ("expr", "lhs", "rhs", "param", "vector_selector"):
            child = getattr(node, name, None)
            if isinstance(child, promql.Expr):
                todo.append(child)
        todo += [a for a in getattr(node, "args", None) or [] if isinstance(a, promql.Expr)]
    return nodes


def selectors(expression):
    return [node for node in parts(expression) if isinstance(node, promql.VectorSelector)]


@pytest.fixture(scope="module")
def egret():
    path = os.environ.get("EGRET_BIN")
    assert path, "EGRET_BIN must name the egret binary, as tests/run does"
    return path


@pytest.fixture(scope="module")
def observed(egret, tmp_path_factory):
    gateway = Observed(egret, tmp_path_factory.mktemp("observed"))
    try:
        gateway.begin()
        gateway.everything()
        yield gateway
    finally:
        gateway.stop()


@pytest.fixture(scope="module")
def exported(observed):
    return observed.exported()


# === Prometheus' own opinion ===


def promtool(*arguments):
    run = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_rules_are_valid():
    promtool("check", "rules", ALERTS)


def test_the_alerts_fire_when_they_should_and_only_then():
    promtool("test", "rules", UNIT_TESTS)


def test_every_alert_has_a_unit_test():
    tested = {
        test["alertname"]
        for case in yaml.safe_load(UNIT_TESTS.read_text())["tests"]
        for test in case["alert_rule_test"]
        if test["exp_alerts"]
    }
    assert tested == {rule["alert"] for rule in alerts()}


def test_every_alert_says_how_bad_it_is_and_what_to_do():
    for rule in alerts():
        assert rule["labels"]["severity"] in {"warning", "critical"}, rule["alert"]
        assert {"summary", "description"} <= rule["annotations"].keys(), rule["alert"]


# === What Egret exports ===


@pytest.mark.parametrize("place, expression", expressions(), ids=lambda it: it[:60])
def test_a_query_asks_for_what_is_there(exported, place, expression):
    found = selectors(expression)
    assert found, f"{place} asks for nothing"
    for selector in found:
        assert selector.name in exported, f"{place}: Egret exports no {selector.name}"
        for matcher in selector.matchers.matchers:
            assert matcher.name in exported[selector.name], f"{place}: {matcher.name}"
    labels = set().union(*(exported[selector.name] for selector in found))
    for node in parts(expression):
        if isinstance(node, promql.AggregateExpr) and node.modifier:
            unknown = set(node.modifier.labels) - labels
            assert not unknown, f"{place}: no metric there has the labels {unknown}"


def test_what_a_panel_or_an_alert_says_it_can_say(exported):
    for rule in alerts():
        labels = set().union(*(exported[s.name] for s in selectors(rule["expr"])))
        said = re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"]))
        assert set(said) <= labels, rule["alert"]
    for panel in panels():
        for target in panel["targets"]:
            expression = target["expr"].replace("$__rate_interval", "5m")
            labels = set().union(*(exported[s.name] for s in selectors(expression)))
            said = re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])
            assert set(said) <= labels, panel["title"]


def test_every_metric_of_money_is_on_the_dashboard(exported):
    shown = {s.name for _, expression in expressions() for s in selectors(expression)}
    assert {name for name in exported if name.startswith("egret_budget_")} - shown <= {
        # Limit, spent and remaining say the same three times.
        "egret_budget_spent"
    }


# === Grafana's model of a dashboard ===


def test_the_dashboard_is_one():
    model = dashboard()
    assert (model["title"], model["uid"]) == ("Egret", "egret")
    assert "id" not in model, "an id belongs to one Grafana only"
    ids = [panel["id"] for panel in model["panels"]]
    assert len(ids) == len(set(ids))
    variables = {variable["name"] for variable in model["templating"]["list"]}
    assert variables == {"datasource", "gateway"}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(model))) - {"__rate_interval", "__all"}
    assert used == variables


def test_panels_are_complete_and_do_not_overlap():
    taken = set()
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    for panel in panels():
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["type"] in {"stat", "timeseries", "bargauge"}
        refs = [target["refId"] for target in panel["targets"]]
        assert refs and len(refs) == len(set(refs)), panel["title"]
        assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


def test_every_gateway_can_be_told_apart():
    for panel in panels():
        for target in panel["targets"]:
            # This one is the process's, whatever its gateway is called.
            if "egret_requests_in_flight" not in target["expr"]:
                assert 'gateway=~"$gateway"' in target["expr"], panel["title"]


# === What finance gets ===


@pytest.fixture(scope="module")
def focus(egret, observed, tmp_path_factory):
    command = [egret, "spend", "--format", "focus", "--admin", observed.admin]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    path = tmp_path_factory.mktemp("focus") / "focus.csv"
    path.write_text(run.stdout)
    return path


def test_focus_is_valid_by_its_own_validator(focus):
    """The FinOps Foundation's validator knows the rules of version 1.0, and some others."""
    command = [tool("focus-validator"), "--data-file", focus, "--validate-version", "1.0"]
    # It finds its list of currencies from there.
    folder = Path(find_spec("focus_validator").origin).parents[1]
    run = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    failed = set(re.findall(r"(\w+) failed:", run.stdout + run.stderr))
    assert failed == {f"{column}_Required" for column in MISNAMED | CONDITIONAL}, run.stdout


def test_focus_adds_up_to_the_statement(observed, focus):
    with focus.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert rows
    total = json.loads(observed.get("/spend"))["total"]
    assert sum(Decimal(row["BilledCost"]) for row in rows) == Decimal(total["cost_usd"])
    assert sum(int(row["x_Requests"]) for row in rows) == total["requests"]
    tokens = total["input_tokens"] + total["output_tokens"]
    assert sum(Decimal(row["ConsumedQuantity"]) for row in rows) == tokens
    for row in rows:
        start, end = (datetime.fromisoformat(row[f"ChargePeriod{at}"]) for at in ("Start", "End"))
        assert (end - start).days == 1
        assert json.loads(row["Tags"])["egret/backend"] in {"openai", "claude", "failing"}
