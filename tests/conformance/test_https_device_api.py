"""The HTTPS device API: telemetry in, cloud-to-device messages out (device.md §7)."""

import base64
import json
from urllib.parse import quote

import pytest

from harness.rest import EventReader, RestApi, assert_classic_error, body_of
from harness.tokens import DeviceCredentials


class DeviceHttps:
    """Requests signed by a device's own key."""

    def __init__(self, api: RestApi, device: DeviceCredentials):
        self._api = api
        self._device = device

    def request(self, method: str, path: str, **options):
        options.setdefault("authorization", self._device.token())
        return self._api.request(method, f"/devices/{quote(self._device.device_id, safe='')}/messages/{path}", **options)

    def receive(self):
        return self.request("GET", "devicebound")


@pytest.fixture
def https(api, device):
    return DeviceHttps(api, device)


def lock_of(answer) -> str:
    etag = answer.headers["ETag"]
    assert etag.startswith('"') and etag.endswith('"'), etag
    return etag.strip('"')


def test_send_with_properties(https, events, device):
    answer = https.request(
        "POST", "events", data=b'{"t": 1}',
        headers={
            "iothub-to": f"/devices/{device.device_id}/messages/events", "iothub-app-level": "high", "iothub-messageid": "m-1",
            "iothub-correlationid": "c-1", "iothub-contenttype": "application/json", "iothub-contentencoding": "utf-8",
            "Content-Type": "application/octet-stream",
        },
    )  # fmt: skip
    assert (answer.status_code, answer.content) == (204, b"")
    event = events.take(1)[0]
    assert event["body"] == {"t": 1}
    assert event["applicationProperties"] == {"level": "high"}
    assert event["systemProperties"]["message-id"] == "m-1"
    assert event["systemProperties"]["correlation-id"] == "c-1"
    assert event["systemProperties"]["iothub-connection-device-id"] == device.device_id


@pytest.mark.parametrize("version", ["2016-11-14", "2020-03-13", "2020-09-30", "2021-04-12", None])
def test_every_api_version_and_none(https, events, version):
    assert https.request("POST", "events", data=b"x", api_version=version).status_code == 204
    events.take(1)


def test_chunked_body(https, events):
    answer = https.request("POST", "events", data=iter([b"in ", b"two ", b"parts"]))
    assert answer.status_code == 204
    assert body_of(events.take(1)[0]) == b"in two parts"


def test_batch(https, events):
    batch = [
        {"body": base64.b64encode(b"first").decode(), "properties": {"iothub-app-n": "1", "iothub-messageid": "b-1"}},
        {"body": "second as text", "base64Encoded": False},
        {"body": base64.b64encode(b"\x00\xff").decode(), "base64Encoded": True},
    ]
    answer = https.request(
        "POST", "events", data=json.dumps(batch), headers={"Content-Type": "application/vnd.microsoft.iothub.json"}
    )
    assert answer.status_code == 204, answer.text
    stored = events.take(3)
    assert [body_of(event) for event in stored] == [b"first", b"second as text", b"\x00\xff"]
    assert stored[0]["applicationProperties"] == {"n": "1"}
    assert stored[0]["systemProperties"]["message-id"] == "b-1"


def test_too_large(https):
    assert https.request("POST", "events", data=bytes(262_144)).status_code == 204
    assert_classic_error(https.request("POST", "events", data=bytes(262_145)), 413, "MessageTooLarge")


def test_receive_and_complete(https, api, device):
    assert https.receive().status_code == 204
    sent = api.send_to_device(
        device.device_id, b"hello",
        {"iothub-messageid": "c-1", "iothub-correlationid": "cc", "iothub-ack": "full", "iothub-app-level": "high"},
    )  # fmt: skip
    assert sent.status_code == 204
    answer = https.receive()
    assert (answer.status_code, answer.content) == (200, b"hello")
    headers = answer.headers
    assert headers["iothub-messageid"] == "c-1"
    assert headers["iothub-correlationid"] == "cc"
    assert headers["iothub-ack"] == "full"
    assert headers["iothub-app-level"] == "high"
    assert headers["iothub-to"].lower() == f"/devices/{device.device_id}/messages/devicebound".lower()
    assert int(headers["iothub-sequencenumber"]) > 0
    assert headers["iothub-deliverycount"] == "0"
    assert headers["iothub-enqueuedtime"]
    assert https.receive().status_code == 204, "a locked message is invisible"
    lock = lock_of(answer)
    # If-Match repeats the token, quoted by some SDKs and bare by others.
    done = https.request("DELETE", f"deviceBound/{lock}", headers={"If-Match": f'"{lock}"'})
    assert (done.status_code, done.content) == (204, b"")
    assert api.device(device.device_id)["cloudToDeviceMessageCount"] == 0
    assert_classic_error(https.request("DELETE", f"devicebound/{lock}"), 412, "DeviceMessageLockLost")


def test_abandon_counts_a_delivery(https, api, device):
    assert api.send_to_device(device.device_id, b"again").status_code == 204
    for count in range(3):
        answer = https.receive()
        assert answer.headers["iothub-deliverycount"] == str(count)
        assert https.request("POST", f"devicebound/{lock_of(answer)}/abandon").status_code == 204
    assert https.receive().content == b"again"


def test_delivery_count_has_an_end(https, api, device):
    assert api.send_to_device(device.device_id, b"poison").status_code == 204
    for _ in range(10):
        assert https.request("POST", f"devicebound/{lock_of(https.receive())}/abandon").status_code == 204
    assert https.receive().status_code == 204, "ten deliveries are the most"


@pytest.mark.parametrize("path", ["{lock}?reject", "{lock}?reject&api-version=2020-09-30", "{lock}?api-version=2020-09-30&reject"])
def test_reject(https, api, device, path):
    assert api.send_to_device(device.device_id, b"no").status_code == 204
    lock = lock_of(https.receive())
    assert https.request("DELETE", "devicebound/" + path.format(lock=lock), api_version=None).status_code == 204
    assert https.receive().status_code == 204


def test_unknown_lock(https):
    lost = https.request("DELETE", "devicebound/6f9619ff-8b86-d011-b42d-00c04fc964ff")
    assert_classic_error(lost, 412, "DeviceMessageLockLost")


def test_unauthorized(https, api, device):
    wrong = device.token(key="AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    other = api.create_device()
    for authorization in (None, wrong, device.token(lifetime=-310), other.token()):
        answer = https.request("POST", "events", data=b"x", authorization=authorization)
        assert answer.status_code == 401, authorization
        assert answer.json()["Message"].startswith("ErrorCode:IotHubUnauthorized")
    api.delete_device(other.device_id)


def test_disabled_device_is_not_found(https, api, device):
    api.set_status(device.device_id, "disabled")
    assert https.request("POST", "events", data=b"x").status_code == 404


def test_https_is_no_connection(https, api, device):
    assert https.request("POST", "events", data=b"x").status_code == 204
    assert api.device(device.device_id)["connectionState"] == "Disconnected"


def test_id_with_reserved_characters(api):
    device = api.create_device("dev%#=@$'(1)")
    try:
        reader = EventReader(api, deviceId=device.device_id)
        sent = DeviceHttps(api, device).request("POST", "events", data=b"x")
        assert sent.status_code == 204, sent.text
        reader.take(1)
    finally:
        api.delete_device(device.device_id)

