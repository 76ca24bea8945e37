"""The connection doctor: why a device is not connected, or not for long (device-management.md §9.1).

The ways in which connections end are made with the unmodified Python SDK where it has them, and
with bare packets where no SDK would send such a thing.
"""

import base64

import pytest
from azure.iot.device.exceptions import CredentialError

from harness import wire as w
from harness.waiting import eventually


def connection(api, device):
    answer = api.get(f"/api/v1/devices/{device.device_id}/connection")
    assert answer.status_code == 200, answer.text
    return answer.json()


def codes(shown):
    return [found["code"] for found in shown["diagnosis"]]


def diagnosed(api, device, code, seconds=10):
    """Waits for a diagnosis, and gives the whole answer."""
    return eventually(lambda: (shown := connection(api, device)) and code in codes(shown) and shown, seconds, f"the diagnosis is {code}")


def test_two_programs_with_one_identity_are_a_clash(python_device, api, device):
    # Given two programs that have the same connection string, and connect again when they are thrown out.
    clients = [python_device(connection_retry_interval=1) for _ in range(2)]
    for client in clients:
        client.client.connect()
    # When they have taken the connection from each other some times, then it is called by its name.
    shown = diagnosed(api, device, "identityClash", 60)
    assert shown["deviceId"] == device.device_id
    taken = [close for close in shown["lastCloses"] if close["reason"] == "takenOver"]
    assert len(taken) >= 3
    assert all(close["sessionSeconds"] <= 120 for close in taken)
    finding = next(found for found in shown["diagnosis"] if found["code"] == "identityClash")
    assert finding["summary"] and "identity of its own" in finding["hint"]
    assert "flapping" not in codes(shown), "one trouble has one name"
    # At most ten ends are kept, the newest first.
    times = [close["time"] for close in shown["lastCloses"]]
    assert len(times) <= 10
    assert times == sorted(times, reverse=True)


def test_a_wrong_key_is_named_and_over_when_the_right_one_comes(python_device, api, device):
    assert codes(connection(api, device)) == ["neverConnected"]
    wrong = base64.b64encode(bytes(range(32))).decode()
    with pytest.raises(CredentialError):
        python_device(key=wrong).client.connect()
    shown = connection(api, device)
    assert codes(shown) == ["wrongCredential"]
    assert [refusal["operationName"] for refusal in shown["refusals"]] == ["deviceConnect"]
    assert shown["diagnosis"][0]["hint"]
    assert wrong not in str(shown)
    python_device().client.connect()
    assert codes(connection(api, device)) == ["healthy"]


def test_a_disabled_device_is_called_disabled(wire_session, open_wire, api, device):
    wire = wire_session()
    api.set_status(device.device_id, "disabled")
    wire.expect_close(5)
    shown = diagnosed(api, device, "disabled")
    assert eventually(lambda: connection(api, device)["lastCloses"], 5, "the end is known")[0]["reason"] == "deviceDisabled"
    again = open_wire()
    again.send(w.connect(device.client_id, device.user_name, device.token()))
    assert again.expect(w.CONNACK).body[1] == 3
    shown = connection(api, device)
    assert "wrongCredential" not in codes(shown), "the key is right"
    assert shown["refusals"][0]["resultType"] == "403012"


@pytest.mark.parametrize(
    ("packet", "name", "said"),
    [
        (lambda device_id: w.publish(f"devices/{device_id}/messages/events/", b"x", qos=2), "PUBLISH", "QoS 2 is not supported"),
        (lambda device_id: w.publish(f"plant/{device_id}", b"x"), "PUBLISH", "no such topic"),
        (lambda _: w.packet(8, b"\x00\x01", flags=2), "SUBSCRIBE", "no topic filter"),
        (lambda _: w.packet(12, b"", flags=1), "PINGREQ", "flags of the fixed header"),
        (lambda _: w.packet(2, b"\x00\x00"), "CONNACK", "must not send"),
    ],
    ids=["qos-2", "unknown-topic", "empty-subscribe", "wrong-flags", "server-packet"],
)
def test_a_broken_rule_is_named_with_its_packet(wire_session, api, device, packet, name, said):
    wire = wire_session()
    wire.send(packet(device.device_id))
    wire.expect_close(5)
    shown = diagnosed(api, device, "protocolError")
    last = shown["lastCloses"][0]
    assert last["packet"] == name
    assert last["detail"].startswith(f"{name}: ") and said in last["detail"], last
    finding = next(found for found in shown["diagnosis"] if found["code"] == "protocolError")
    assert said in finding["summary"], finding
    records = api.get(f"/api/v1/operations?category=Connections&deviceId={device.device_id}").json()["records"]
    assert [record["operationName"] for record in records] == ["deviceDisconnect"]
    assert records[0]["packet"] == name
    # What the hub did for one, it tells of all.
    incidents = api.get("/api/v1/connection-incidents?minutes=5").json()["items"]
    assert any(item["packet"] == name and item["cause"] == last["reason"] for item in incidents), incidents


def test_a_cut_network_and_a_goodbye_are_told_apart(wire_session, api, device):
    wire_session().cut()
    api.wait_for_state(device.device_id, "Disconnected")
    assert connection(api, device)["lastCloses"][0]["reason"] == "connectionLost"
    polite = wire_session()
    polite.disconnect()
    api.wait_for_state(device.device_id, "Disconnected")
    shown = connection(api, device)
    assert [close["reason"] for close in shown["lastCloses"]] == ["clientDisconnected", "connectionLost"]
    assert codes(shown) == ["notConnected"]


def test_many_devices_with_one_trouble_are_one_incident(api, open_wire):
    made = [api.create_device() for _ in range(6)]
    try:
        for credentials in made:
            wire = open_wire()
            wire.open_session(w.connect(credentials.client_id, credentials.user_name, credentials.token()))
            wire.send(w.packet(5, b"\x00\x01"))
            wire.expect_close(5)

        def incident():
            items = api.get("/api/v1/connection-incidents?minutes=5").json()["items"]
            return next((item for item in items if item["packet"] == "PUBREC" and item["devices"] >= 6), None)

        found = eventually(incident, 10, "six devices are one incident")
        assert found["cause"] == "protocolError"
        assert 1 <= len(found["examples"]) <= 5
        assert set(found["examples"]) & {credentials.device_id for credentials in made}
        assert found["first"] <= found["last"]
        assert found["summary"] and found["hint"]
    finally:
        for credentials in made:
            api.delete_device(credentials.device_id)


def test_what_is_asked_for_is_checked(api):
    assert api.get("/api/v1/connection-incidents?minutes=0").status_code == 400
    assert api.get("/api/v1/connection-incidents?minutes=many").status_code == 400
    assert api.get("/api/v1/devices/nobody-has-this/connection").status_code == 404
    assert api.get("/api/v1/connection-incidents", authorization=None).status_code == 401
