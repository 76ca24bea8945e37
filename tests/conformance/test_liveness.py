"""Heartbeats and alerts (`device-management.md` §5, §8, rows R45 and R46) with an unmodified device client, in seconds
where a fleet would take minutes."""

from urllib.parse import quote

import pytest
from azure.iot.device import Message

from harness.server_sent_events import server_sent_events
from harness.waiting import eventually, let_time_pass

RULES = "/api/v1/alert-rules"


@pytest.fixture
def rule(api):
    """Changes alert rules for a while; the hub is shared."""
    changed = []

    def put(name, **members):
        answer = api.put(f"{RULES}/{name}", json=members)
        assert answer.status_code in (200, 201), answer.text
        changed.append(name)
        return answer.json()

    yield put
    for name in changed:
        assert api.delete(f"{RULES}/{name}").status_code == 204


@pytest.fixture
def heartbeat(api, device):
    """The device should send something every two seconds."""
    answer = api.patch(f"/twins/{device.device_id}", json={"tags": {"heartbeatSeconds": 2}})
    assert answer.status_code == 200, answer.text


def overdue(api, device):
    items = api.get("/api/v1/heartbeats?overdue=true&top=1000").json()["items"]
    return next((item for item in items if item["deviceId"] == device.device_id), None)


def alerts(api, device, filters="state=open"):
    answer = api.get(f"/api/v1/alerts?subject={device.device_id}&{filters}")
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def test_r45_an_empty_message_is_a_heartbeat_and_silence_is_an_alert(api, device, python_device, rule, heartbeat):
    rule("heartbeatMissed", forSeconds=1)
    one = python_device()
    one.client.connect()
    for _ in range(6):
        one.client.send_message(Message(b""))
        let_time_pass(1.5, "the device's heartbeat")
        assert overdue(api, device) is None
    # It stays connected, and sends nothing more.
    late = eventually(lambda: overdue(api, device), 20, "the device is overdue")
    assert late["expectedSeconds"] == 2
    assert late["silentSeconds"] >= 4
    assert api.device(device.device_id)["connectionState"] == "Connected"
    [alert] = eventually(lambda: alerts(api, device), 20, "an alert is open")
    assert (alert["rule"], alert["severity"], alert["attention"]) == ("heartbeatMissed", "warning", True)
    assert alert["links"] == {"device": f"/api/v1/devices/{device.device_id}"}
    # One message, and it is alive again.
    one.client.send_message(Message(b"back"))
    eventually(lambda: overdue(api, device) is None, 20, "the device is not overdue")

    def over():
        one.client.send_message(Message(b""))
        return not alerts(api, device)

    eventually(over, 30, "the alert is over")
    [known] = alerts(api, device, "state=resolved")
    assert (known["id"], known["handledBy"]) == (alert["id"], "auto")


def test_r46_a_silent_device_with_a_wrong_key_has_an_alert_about_its_key(api, device, rule, heartbeat):
    rule("heartbeatMissed", forSeconds=8)
    rule("reconnectFailing", forSeconds=1)
    wrong = device.token(key="d3Jvbmcga2V5")
    path = f"/devices/{quote(device.device_id, safe='')}/messages/events"
    for _ in range(5):
        answer = api.request("POST", path, data=b"", authorization=wrong)
        assert answer.status_code == 401
    eventually(lambda: overdue(api, device), 20, "the device is overdue")
    [alert] = eventually(lambda: alerts(api, device), 20, "an alert is open")
    assert alert["rule"] == "reconnectFailing"
    let_time_pass(10, "the hold-down of the other rule")
    assert [other["rule"] for other in alerts(api, device)] == ["reconnectFailing"]
    # With the right key it is over.
    assert api.request("POST", path, data=b"", authorization=device.token()).status_code == 204
    eventually(lambda: not alerts(api, device, "state=open&rule=reconnectFailing"), 20, "the alert is over")


def test_a_condition_of_an_operator_is_streamed_as_an_alert(api, device, python_device, rule):
    name = f"hot-{device.device_id.lower()}"[:40].rstrip("-")
    made = rule(
        name, condition=f"deviceId = '{device.device_id}' AND properties.reported.temperature > 80", forSeconds=1, severity="error"
    )
    assert (made["type"], made["enabled"]) == ("query", True)
    assert name in [known["id"] for known in api.get(RULES).json()["items"]]
    one = python_device()
    one.client.connect()
    one.client.patch_twin_reported_properties({"temperature": 90})
    stream = api.get("/api/v1/alerts/stream", stream=True)
    assert stream.headers["Content-Type"].startswith("text/event-stream")
    told = []
    for event, alert in server_sent_events(stream):
        if alert["rule"] != name:
            continue
        told.append((event, alert["state"], alert["attention"]))
        if told == [("opened", "open", True)]:
            one.client.patch_twin_reported_properties({"temperature": 20})
        if event == "resolved":
            break
    stream.close()
    assert told == [("opened", "open", True), ("changed", "open", False), ("resolved", "resolved", False)]
