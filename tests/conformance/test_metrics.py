"""Metrics by Azure's names, as JSON and for Prometheus, and what is used of the limits (device-management.md §9.2)."""

import json
import re
import time
from pathlib import Path

import pytest

from conftest import PUBLIC_NAME
from harness import wire as w
from harness.hub_process import HubProcess
from harness.rest import RestApi, assert_classic_error
from harness.waiting import eventually, let_time_pass

DASHBOARD = Path(__file__).parents[2] / "docs" / "grafana-dashboard.json"
SERIES = re.compile(r"^([a-z_:][a-z0-9_:]*)(\{[^}]*\})? (-?[0-9.e+]+)$")


def metrics(api):
    answer = api.get("/api/v1/metrics")
    assert answer.status_code == 200, answer.text
    return {metric["name"]: metric["value"] for metric in answer.json()["metrics"]}


def series(api):
    """What Prometheus reads: names of the text format, each with its type in front."""
    answer = api.get("/metrics", api_version=None)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found, types = {}, {}
    for line in answer.text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            types[name] = kind
            continue
        name, _, value = SERIES.match(line).groups()
        assert name in types, f"{name} has no type"
        assert (types[name] == "counter") == name.endswith("_total"), name
        found[name] = float(value)
    assert answer.text.endswith("\n")
    return found


def test_traffic_moves_the_counters(api, device, wire_session):
    before = metrics(api)
    wire = wire_session()
    topic = f"devices/{device.device_id}/messages/events/"
    for number in range(1, 4):
        wire.send(w.publish(topic, b"x", qos=1, packet_id=number))
        assert wire.expect(w.PUBACK).packet_id == number
    wire.grant(("$iothub/twin/res/#", 0), ("$iothub/methods/POST/#", 0))
    wire.send(w.publish("$iothub/twin/GET/?$rid=1"))
    assert wire.expect(w.PUBLISH).topic.startswith("$iothub/twin/res/200")
    assert api.get(f"/twins/{device.device_id}").status_code == 200
    assert api.call_method(device.device_id, "reboot", response=5).status_code == 504
    assert api.post("/devices/query", json={"query": "SELECT * FROM devices"}).status_code == 200
    assert api.send_to_device(device.device_id, b"x").status_code == 204
    path = f"/devices/{device.device_id}/messages/devicebound"
    lock = api.get(path, authorization=device.token()).headers["ETag"].strip('"')
    assert api.delete(f"{path}/{lock}", authorization=device.token()).status_code == 204
    after = metrics(api)
    # Other tests may work on this hub at the same time: at least so much came.
    for name, least in {
        "d2c.telemetry.ingress.allProtocol": 3,
        "d2c.telemetry.ingress.success": 3,
        "d2c.twin.read.success": 1,
        "c2d.twin.read.success": 1,
        "c2d.methods.failure": 1,
        "c2d.commands.egress.complete.success": 1,
        "twinQueries.success": 1,
    }.items():
        assert after[name] - before[name] >= least, name
    assert after["deviceDataUsage"] > before["deviceDataUsage"]
    assert after["dailyMessageQuotaUsed"] >= 3 or time.gmtime().tm_hour == 0
    assert after["connectedDeviceCount"] >= 1
    assert after["totalDeviceCount"] >= after["connectedDeviceCount"]


def test_prometheus_reads_the_same_under_its_own_names(api, device):
    found, names = series(api), metrics(api)
    assert len(found) == len(names)
    assert found["iothub_total_device_count"] >= 1
    assert "iothub_d2c_telemetry_ingress_all_protocol_total" in found
    assert "iothub_c2d_messages_expired_total" in found
    assert "iothub_c2d_twin_read_size_total" in found


def test_who_may_read_them(api):
    # A scraper sends one header, always the same; a token of the narrow policy is enough.
    assert api.get("/metrics", api_version=None, authorization=None).status_code == 401
    assert api.get("/api/v1/metrics", authorization=None).status_code == 401
    assert api.get("/api/v1/usage", authorization="SharedAccessSignature sr=x&sig=x&se=1&skn=service").status_code == 401


def test_every_series_of_the_dashboard_is_served(api):
    dashboard = json.loads(DASHBOARD.read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    assert len(expressions) >= 10
    named = {name for expression in expressions for name in re.findall(r"\biothub_[a-z0-9_]+", expression)}
    assert all(re.search(r"\biothub_", expression) for expression in expressions), expressions
    missing = named - series(api).keys()
    assert not missing, missing


@pytest.fixture
def lone_hub(own_hub) -> HubProcess:
    return own_hub()


def test_usage_names_limits_callers_and_bytes(lone_hub):
    owner = RestApi(lone_hub.url, lone_hub.owner, PUBLIC_NAME, keep_alive=False)
    overrides = {"identityRegistry": {"perMinute": 1, "burst": 5}}
    assert owner.put("/api/v1/throttles", json={"units": 2, "overrides": overrides}).status_code == 200
    answers = [owner.get("/devices?top=1") for _ in range(8)]
    for answer in answers[5:]:
        assert_classic_error(answer, 429, "ThrottlingException")
    usage = owner.get("/api/v1/usage").json()
    registry = usage["throttles"]["identityRegistry"]
    assert registry["perMinute"] == 1
    assert 3 <= registry["lastMinute"] <= 5, "about: of the minute before, a part counts"
    assert registry["refusedLastHour"] == registry["refused"] == 3
    assert usage["refusedCallers"] == [{"caller": "policy:iothubowner", "refused": 3}]
    assert usage["messages"] == {"today": 0, "dailyQuota": 600_000_000}
    assert usage["sockets"]["now"] == 0
    objects = usage["storage"]["objects"]
    assert {"hub", "gateway-0", "registry-0", "events-0"} <= objects.keys()
    assert usage["storage"]["bytes"] == sum(objects.values()) > 100_000
    assert usage["rowsWritten"] > 0


def test_counters_survive_a_restart(lone_hub):
    owner = RestApi(lone_hub.url, lone_hub.owner, PUBLIC_NAME, keep_alive=False)
    device = owner.create_device()
    for _ in range(3):
        assert owner.get(f"/twins/{device.device_id}").status_code == 200
    assert metrics(owner)["c2d.twin.read.success"] == 3
    let_time_pass(12, "counters are written every ten seconds")
    lone_hub.stop()
    lone_hub.start()
    again = RestApi(lone_hub.url, lone_hub.owner, PUBLIC_NAME, keep_alive=False)
    assert eventually(lambda: metrics(again), 10, "metrics are served")["c2d.twin.read.success"] == 3
