"""PyPI `azure-iot-device`: how connections begin, go on and end (device.md §2, §10.6)."""

import base64
import time

import pytest
from azure.iot.device.exceptions import ConnectionFailedError, CredentialError

from harness.waiting import eventually

# device.md §2.6: disabling, deleting or re-keying closes the device's connections.
CLOSE_SECONDS = 5


def a_key(seed: int) -> str:
    return base64.b64encode(bytes([seed]) * 32).decode()


def test_registry_shows_the_connection(python_device, api, device):
    client = python_device()
    client.client.connect()
    shown = api.wait_for_state(device.device_id, "Connected", 5)
    assert not shown["connectionStateUpdatedTime"].startswith("0001-01-01")
    client.client.disconnect()
    api.wait_for_state(device.device_id, "Disconnected", 5)


def test_wrong_key_is_a_credential_error(python_device):
    with pytest.raises(CredentialError):
        python_device(key=a_key(9)).client.connect()


def test_unknown_device_looks_like_a_wrong_key(python_device, api, device):
    api.delete_device(device.device_id)
    with pytest.raises(CredentialError):
        python_device().client.connect()


def test_secondary_key_connects(python_device, device):
    client = python_device(key=device.secondary_key)
    client.client.connect()
    assert client.client.connected


def test_token_renewal_keeps_everything_working(python_device, api, device, events):
    # The SDK renews 120 s before expiry, so this life makes it renew about every 3 s.
    client = python_device(sastoken_ttl=123)
    client.answer_methods(lambda request: (200, {"called": request.name}))
    client.receive_messages()
    eventually(lambda: client.relay.accepted >= 4, 40, "the SDK renewed its token three times")
    subscribed = client.subscribes
    assert subscribed == 2, "renewal must not need another SUBSCRIBE"
    client.client.send_message("still here")
    assert events.take(1)

    def call_succeeds() -> bool:
        # A call may fall into the moment between DISCONNECT and the next CONNECT.
        return api.call_method(device.device_id, "status", connect=5).status_code == 200

    assert eventually(call_succeeds, 20, "a method call reaches the renewed connection")
    assert api.send_to_device(device.device_id, b"after renewal").status_code == 204
    eventually(lambda: client.messages, 15, "a cloud-to-device message arrives after renewal")
    assert client.messages[0].data == b"after renewal"


def test_second_connection_takes_over(python_device, events):
    first = python_device(connection_retry=False)
    first.client.connect()
    second = python_device(connection_retry=False)
    second.client.connect()
    first.wait_connected(False, CLOSE_SECONDS)
    second.client.send_message("from the second")
    event = events.take(1)[0]
    assert base64.b64decode(event["bodyBase64"]) == b"from the second"
    assert second.client.connected


def test_disabling_closes_and_keeps_out(python_device, api, device):
    client = python_device(connection_retry=False)
    client.client.connect()
    api.set_status(device.device_id, "disabled")
    client.wait_connected(False, CLOSE_SECONDS)
    # CONNACK 3 is "try again later" to the SDK (device.md §2.4).
    with pytest.raises(ConnectionFailedError):
        client.client.connect()
    api.set_status(device.device_id, "enabled")
    client.client.connect()
    assert client.client.connected


def test_deleting_closes_and_keeps_out(python_device, api, device):
    client = python_device(connection_retry=False)
    client.client.connect()
    api.delete_device(device.device_id)
    client.wait_connected(False, CLOSE_SECONDS)
    with pytest.raises(CredentialError):
        client.client.connect()


def test_changing_the_keys_closes_and_asks_for_the_new_ones(python_device, api, device):
    client = python_device(connection_retry=False)
    client.client.connect()
    registered = api.device(device.device_id)
    registered["authentication"]["symmetricKey"] = {"primaryKey": a_key(1), "secondaryKey": a_key(2)}
    api.replace_device(registered)
    client.wait_connected(False, CLOSE_SECONDS)
    with pytest.raises(CredentialError):
        client.client.connect()
    renewed = python_device(key=a_key(1))
    renewed.client.connect()
    assert renewed.client.connected


def test_cut_link_comes_back_without_subscribing_again(python_device, api, device, events):
    client = python_device()
    client.receive_messages()
    client.receive_patches()
    client.answer_methods(lambda request: (200, {"echo": request.payload}))
    client.client.get_twin()
    client.client.send_message("before")
    events.take(1)
    subscribed = client.subscribes
    assert subscribed == 4
    accepted = client.relay.accepted

    client.relay.refuse(True)
    assert client.relay.cut() == 1
    client.wait_connected(False, 10)
    # While it is away: a message to deliver later, and a change that the SDK finds by its own GET.
    assert api.send_to_device(device.device_id, b"sent while away").status_code == 204
    api.patch_desired(device.device_id, {"changed": "while away"})
    client.relay.refuse(False)
    client.wait_connected(True, 60)
    assert client.relay.accepted == accepted + 1

    eventually(lambda: client.messages, 10, "the message sent while away arrives")
    assert client.messages[0].data == b"sent while away"
    eventually(lambda: client.patches, 10, "the change made while away is noticed")
    assert client.patches[0]["changed"] == "while away"

    api.patch_desired(device.device_id, {"changed": "after"})
    eventually(lambda: client.patches[-1].get("changed") == "after", 10, "desired changes are pushed again")
    assert api.send_to_device(device.device_id, b"sent after").status_code == 204
    eventually(lambda: len(client.messages) == 2, 10, "messages are delivered again")
    answer = api.call_method(device.device_id, "ping", {"n": 1})
    assert answer.json() == {"status": 200, "payload": {"echo": {"n": 1}}}
    client.client.send_message("after")
    events.take(1)
    assert client.subscribes == subscribed, "the hub must remember every filter"


def test_messages_sent_during_an_outage_follow_in_order(python_device, events):
    client = python_device()
    client.client.connect()
    client.relay.refuse(True)
    client.relay.cut()
    client.wait_connected(False, 10)
    client.relay.refuse(False)
    started = time.monotonic()
    for number in range(5):
        client.client.send_message(f"outage {number}")
    assert time.monotonic() - started < 60
    bodies = [base64.b64decode(event["bodyBase64"]).decode() for event in events.take(5)]
    assert bodies == [f"outage {number}" for number in range(5)]
