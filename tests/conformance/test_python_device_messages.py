"""PyPI `azure-iot-device`: telemetry and cloud-to-device messages (device.md §3, §4)."""

import json
from datetime import datetime, timedelta, timezone

from azure.iot.device import Message

from harness.rest import body_of
from harness.waiting import eventually


def test_telemetry_keeps_reserved_characters(python_device, api, device, events):
    message = Message(json.dumps({"t": 21.5, "note": "°C / 한글"}, ensure_ascii=False))
    message.message_id = "m:1+%#,=@;$'"
    message.correlation_id = "c 1/2&3"
    message.user_id = "u=1"
    message.content_type = "application/json"
    message.content_encoding = "utf-8"
    message.custom_properties["a b"] = "x/y+z&="
    message.custom_properties["키"] = "값?#"
    message.custom_properties["empty"] = ""
    message.custom_properties["$.sub"] = "thermostat1"
    python_device().client.send_message(message)

    event = events.take(1)[0]
    assert event["source"] == "Telemetry"
    assert event["deviceId"] == device.device_id
    assert event["body"] == {"t": 21.5, "note": "°C / 한글"}
    assert "bodyBase64" not in event
    assert event["applicationProperties"] == {"a b": "x/y+z&=", "키": "값?#", "empty": ""}
    system = event["systemProperties"]
    assert system["message-id"] == "m:1+%#,=@;$'"
    assert system["correlation-id"] == "c 1/2&3"
    assert system["user-id"] == "u=1"
    assert system["content-type"] == "application/json"
    assert system["content-encoding"] == "utf-8"
    assert system["dt-subject"] == "thermostat1"
    assert system["iothub-connection-device-id"] == device.device_id
    assert system["iothub-connection-auth-generation-id"] == api.device(device.device_id)["generationId"]
    assert json.loads(system["iothub-connection-auth-method"]) == {
        "scope": "device", "type": "sas", "issuer": "iothub", "acceptingIpFilterRule": None,
    }  # fmt: skip
    assert system["iothub-message-source"] == "Telemetry"
    assert isinstance(system["iothub-enqueuedtime"], int)


def test_a_body_without_content_type_stays_opaque(python_device, events):
    python_device().client.send_message('{"looks": "like json"}')
    event = events.take(1)[0]
    assert "body" not in event
    assert body_of(event) == b'{"looks": "like json"}'


def test_telemetry_is_stored_in_order(python_device, events):
    client = python_device()
    for number in range(50):
        client.client.send_message(str(number))
    stored = events.take(50)
    assert [int(body_of(event)) for event in stored] == list(range(50))
    numbers = [event["sequenceNumber"] for event in stored]
    assert numbers == sorted(set(numbers)), "sequence numbers rise and never repeat"
    assert len({event["partition"] for event in stored}) == 1, "one device, one partition"


def test_200_kilobytes_pass(python_device, events):
    body = bytes(range(256)) * 800
    python_device().client.send_message(Message(body))
    assert body_of(events.take(1)[0]) == body


def test_cloud_to_device_message_arrives_with_its_properties(python_device, api, device):
    client = python_device()
    client.receive_messages()
    expiry = datetime.now(timezone.utc) + timedelta(minutes=10)
    answer = api.send_to_device(
        device.device_id, "물 / water".encode(),
        {
            "iothub-messageid": "c2d-1", "iothub-correlationid": "corr-1", "iothub-userid": "operator",
            "iothub-expiry": expiry.strftime("%Y-%m-%dT%H:%M:%SZ"), "Content-Type": "text/plain; charset=utf-8",
            "Content-Encoding": "utf-8", "iothub-app-level": "high", "iothub-app-path": "a/b&c=d+e",
        },
    )  # fmt: skip
    assert answer.status_code == 204, answer.text
    assert answer.content == b""
    eventually(lambda: client.messages, 10, "the message arrives")
    message = client.messages[0]
    assert message.data == "물 / water".encode()
    assert message.message_id == "c2d-1"
    assert message.correlation_id == "corr-1"
    assert message.user_id == "operator"
    assert message.content_type == "text/plain; charset=utf-8"
    assert message.content_encoding == "utf-8"
    assert message.expiry_time_utc == expiry.strftime("%Y-%m-%dT%H:%M:%S.0000000Z")
    assert message.custom_properties == {"level": "high", "path": "a/b&c=d+e"}


def test_messages_wait_for_the_device_and_come_in_order(python_device, api, device):
    for number in range(5):
        assert api.send_to_device(device.device_id, str(number)).status_code == 204
    assert api.device(device.device_id)["cloudToDeviceMessageCount"] == 5
    client = python_device()
    client.receive_messages()
    eventually(lambda: len(client.messages) == 5, 15, "all five arrive")
    assert [int(message.data) for message in client.messages] == [0, 1, 2, 3, 4]
    eventually(
        lambda: api.device(device.device_id)["cloudToDeviceMessageCount"] == 0, 10, "acknowledged messages leave the queue"
    )
