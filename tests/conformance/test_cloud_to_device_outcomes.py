"""What becomes of messages to devices, as a back end sees it: feedback within its time, and what died
(query-routing-events.md §4.7, device-management.md §8)."""

from datetime import datetime, timedelta, timezone
from urllib.parse import quote

from harness.waiting import eventually

FEEDBACK = "/messages/serviceBound/feedback"


def soon(seconds: float) -> str:
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def outcomes(api, devices: set[str]) -> dict[str, str]:
    """Reads and completes feedback until there is some of every device."""
    found: dict[str, str] = {}

    def look() -> bool:
        batch = api.get(FEEDBACK)
        if batch.status_code == 200:
            assert len(batch.json()) <= 64
            for record in batch.json():
                if record["deviceId"] in devices:
                    found[record["deviceId"]] = record["statusCode"]
            lock = batch.headers["ETag"].strip('"')
            assert api.delete(f"{FEEDBACK}/{lock}").status_code == 204
        return set(found) == devices

    eventually(look, 20, "feedback of every device")
    return found


def test_short_expiry_tells_who_is_reachable(api, device, python_device):
    offline = api.create_device()
    online = python_device()
    online.client.connect()
    online.receive_messages()
    for target in (device, offline):
        headers = {"iothub-messageid": "ping", "iothub-ack": "full", "iothub-expiry": soon(6)}
        assert api.send_to_device(target.device_id, b"are you there?", headers).status_code == 204
    found = outcomes(api, {device.device_id, offline.device_id})
    assert found == {device.device_id: "Success", offline.device_id: "Expired"}
    api.delete_device(offline.device_id)


def test_what_died_is_looked_at_sent_again_and_forgotten(api, device, python_device):
    base = f"/api/v1/devices/{quote(device.device_id)}/dead-letters"

    def letters() -> list[dict]:
        answer = api.get(base)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    assert letters() == []
    for name in ("one", "two"):
        headers = {"iothub-messageid": name, "iothub-app-level": "high"}
        assert api.send_to_device(device.device_id, name.encode(), headers).status_code == 204
    assert api.delete(f"/devices/{device.device_id}/commands").json()["totalMessagesPurged"] == 2
    found = letters()
    assert [(letter["messageId"], letter["reason"], letter["size"]) for letter in found] == [("two", "Purged", 3), ("one", "Purged", 3)]
    whole = api.get(f"{base}/{found[1]['sequenceNumber']}")
    assert (whole.content, whole.headers["iothub-messageid"], whole.headers["iothub-app-level"]) == (b"one", "one", "high")

    sent = api.post(f"{base}/{found[1]['sequenceNumber']}/resend", json={"expiryTime": soon(60)})
    assert sent.status_code == 200, sent.text
    receiver = python_device()
    receiver.client.connect()
    receiver.receive_messages()
    eventually(lambda: receiver.messages, 10, "the message arrives after all")
    assert (receiver.messages[0].data, receiver.messages[0].message_id) == (b"one", "one")
    assert [letter["messageId"] for letter in letters()] == ["two"]

    assert api.post(f"{base}/{found[1]['sequenceNumber']}/resend").status_code == 404
    assert api.delete(f"{base}/{found[0]['sequenceNumber']}").status_code == 204
    assert api.delete(base).json() == {"deleted": 0}
    assert api.get(base, authorization=None).status_code == 401
