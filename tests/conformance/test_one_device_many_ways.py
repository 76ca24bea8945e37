"""R05: the same device over each way that the hub offers. Twin, telemetry and events look the same, but for the
connection state, which is of MQTT sessions only."""

import json

from azure.iot.device import Message

from harness.rest import EventReader, RestApi
from harness.tokens import DeviceCredentials
from harness.waiting import eventually
from harness.wire import publish

# What tells one message from another, or one way from another.
OF_THE_WAY = {"x-opt-offset", "iothub-enqueuedtime"}
OF_THE_MESSAGE = {"id", "sequenceNumber", "offset", "enqueuedTime"}


def shown(event: dict) -> dict:
    """An event without what is of the moment."""
    event = {name: value for name, value in event.items() if name not in OF_THE_MESSAGE}
    event["systemProperties"] = {name: value for name, value in event["systemProperties"].items() if name not in OF_THE_WAY}
    return event


def twin_of(api: RestApi, device: DeviceCredentials) -> dict:
    twin = api.twin(device.device_id)
    for name in ("connectionState", "connectionStateUpdatedTime", "lastActivityTime"):
        twin.pop(name, None)
    return twin


def test_r05_a_device_looks_the_same_whichever_way_it_comes(
    api: RestApi, device: DeviceCredentials, events: EventReader, wire_session, python_device
):
    api.patch(f"/twins/{device.device_id}", json={"tags": {"site": "s1"}}, headers={"If-Match": "*"})
    before = twin_of(api, device)
    body = json.dumps({"t": 21.5}).encode()

    # HTTPS: no session, and so never connected.
    headers = {
        "iothub-contenttype": "application/json",
        "iothub-contentencoding": "utf-8",
        "iothub-messageid": "m-1",
        "iothub-app-level": "low",
    }
    answer = api.request(
        "POST", f"/devices/{device.device_id}/messages/events", data=body, headers=headers, authorization=device.token()
    )
    assert answer.status_code == 204, answer.text
    by_https = shown(events.take(1)[0])
    assert api.device(device.device_id)["connectionState"] == "Disconnected"

    # Plain MQTT 3.1.1 over a WebSocket.
    bag = "%24.mid=m-1&%24.ct=application%2Fjson&%24.ce=utf-8&level=low"
    wire = wire_session()
    wire.send(publish(f"devices/{device.device_id}/messages/events/{bag}", body, qos=1, packet_id=7))
    by_wire = shown(events.take(1)[0])
    api.wait_for_state(device.device_id, "Connected")
    wire.__exit__()

    # The device SDK.
    client = python_device()
    client.client.connect()
    message = Message(body.decode(), message_id="m-1", content_encoding="utf-8", content_type="application/json")
    message.custom_properties["level"] = "low"
    client.client.send_message(message)
    by_sdk = shown(events.take(1)[0])

    assert by_https == by_wire == by_sdk
    assert by_sdk["body"] == {"t": 21.5}
    assert by_sdk["applicationProperties"] == {"level": "low"}
    eventually(lambda: twin_of(api, device) == before, 5, "the twin tells nothing of the way")
