"""Direct methods, cloud-to-device messages, feedback and purge over REST (service.md §7, §8, §14.5 item 8)."""

import pytest

from harness import wire as w
from harness.rest import assert_classic_error
from harness.waiting import eventually


class TestMethodRequests:
    """What is refused before any device is asked."""

    @pytest.mark.parametrize(
        "body",
        [
            {}, {"methodName": ""}, {"methodName": "a", "responseTimeoutInSeconds": 4},
            {"methodName": "a", "responseTimeoutInSeconds": 301}, {"methodName": "a", "connectTimeoutInSeconds": -1},
            {"methodName": "a", "connectTimeoutInSeconds": 301, "responseTimeoutInSeconds": 300},
            {"methodName": "a", "responseTimeoutInSeconds": 10, "connectTimeoutInSeconds": 11}, {"methodName": "a/b"},
            {"methodName": "a b"}, {"methodName": "a$b"},
        ],
    )  # fmt: skip
    def test_bad_arguments(self, api, device, body):
        assert_classic_error(api.post(f"/twins/{device.device_id}/methods", json=body), 400, "ArgumentInvalid")

    def test_texts_name_the_range(self, api, device):
        answer = api.call_method(device.device_id, "a", response=4)
        assert "responseTimeoutInSeconds must be within [5; 300]." in assert_classic_error(answer, 400, "ArgumentInvalid")
        answer = api.call_method(device.device_id, "a", response=10, connect=11)
        assert "cannot be longer than an overall call timeout" in assert_classic_error(answer, 400, "ArgumentInvalid")

    def test_legacy_timeout_name(self, api, device):
        body = {"methodName": "a", "timeoutInSeconds": 4}
        assert_classic_error(api.post(f"/twins/{device.device_id}/methods", json=body), 400, "ArgumentInvalid")

    def test_unknown_device(self, api):
        assert_classic_error(api.call_method("no-such-device", "a"), 404, "DeviceNotFound")


class TestSending:
    def test_unknown_device(self, api):
        assert_classic_error(api.send_to_device("no-such-device", b"x"), 404, "DeviceNotFound")

    def test_fifty_pending_are_the_most(self, api, device):
        for number in range(50):
            assert api.send_to_device(device.device_id, str(number)).status_code == 204
        text = assert_classic_error(api.send_to_device(device.device_id, b"51st"), 403, "DeviceMaximumQueueDepthExceeded")
        assert text
        assert api.device(device.device_id)["cloudToDeviceMessageCount"] == 50

    def test_64_kilobytes_with_properties_are_the_most(self, api, device):
        headers = {"iothub-app-name": "value"}
        assert api.send_to_device(device.device_id, bytes(65_536 - 100), headers).status_code == 204
        assert_classic_error(api.send_to_device(device.device_id, bytes(65_537)), 413, "MessageTooLarge")

    def test_expiry_in_the_past_or_unreadable_is_refused(self, api, device):
        for expiry in ("2001-01-01T00:00:00Z", "tomorrow"):
            answer = api.send_to_device(device.device_id, b"x", {"iothub-expiry": expiry})
            assert 400 <= answer.status_code < 500, (expiry, answer.status_code)
        assert api.device(device.device_id)["cloudToDeviceMessageCount"] == 0

    def test_unknown_ack_mode_is_refused(self, api, device):
        assert api.send_to_device(device.device_id, b"x", {"iothub-ack": "maybe"}).status_code == 400


class TestPurge:
    def test_purge_counts_and_empties(self, api, device):
        for _ in range(3):
            assert api.send_to_device(device.device_id, b"x").status_code == 204
        answer = api.delete(f"/devices/{device.device_id}/commands")
        assert answer.status_code == 200
        assert answer.json() == {"totalMessagesPurged": 3, "deviceId": device.device_id, "moduleId": None}
        assert api.device(device.device_id)["cloudToDeviceMessageCount"] == 0
        assert api.delete(f"/devices/{device.device_id}/commands").json()["totalMessagesPurged"] == 0

    def test_unknown_device(self, api):
        assert_classic_error(api.delete("/devices/no-such-device/commands"), 404, "DeviceNotFound")


class TestFeedback:
    """One queue for the hub; each test picks its own device's records."""

    @staticmethod
    def collect(api, device, count: int, seconds: float = 40) -> list[dict]:
        """Completes feedback batches until this device has `count` records."""
        records: list[dict] = []

        def look() -> bool:
            batch = api.get("/messages/serviceBound/feedback")
            if batch.status_code == 200:
                assert batch.headers["Content-Type"].startswith("application/vnd.microsoft.iothub.feedback.json")
                records.extend(record for record in batch.json() if record["deviceId"] == device.device_id)
                lock = batch.headers["ETag"].strip('"')
                assert api.delete(f"/messages/serviceBound/feedback/{lock}").status_code == 204
            else:
                assert (batch.status_code, batch.content) == (204, b"")
            return len(records) >= count

        # A batch closes at 64 records or 15 s after the one before.
        eventually(look, seconds, f"{count} feedback records")
        assert len(records) == count, records
        return records

    def send(self, api, device, name: str, ack: str | None) -> None:
        headers = {"iothub-messageid": name, **({"iothub-ack": ack} if ack else {})}
        assert api.send_to_device(device.device_id, b"x", headers).status_code == 204

    def test_success_for_positive_and_full(self, api, device, wire_session):
        for name, ack in (("a", None), ("b", "none"), ("c", "positive"), ("d", "negative"), ("e", "full")):
            self.send(api, device, name, ack)
        wire = wire_session()
        wire.grant((f"devices/{device.device_id}/messages/devicebound/#", 1))
        for _ in range(5):
            wire.send(w.puback(wire.expect(w.PUBLISH).packet_id))
        records = self.collect(api, device, 2)
        assert {record["originalMessageId"] for record in records} == {"c", "e"}
        for record in records:
            assert (record["statusCode"], record["description"]) == ("Success", "Success")
            assert record["deviceGenerationId"] == api.device(device.device_id)["generationId"]
            assert record["enqueuedTimeUtc"].endswith("Z")

    def test_purged_for_negative_and_full(self, api, device):
        for name, ack in (("a", "positive"), ("b", "negative"), ("c", "full")):
            self.send(api, device, name, ack)
        assert api.delete(f"/devices/{device.device_id}/commands").json()["totalMessagesPurged"] == 3
        records = self.collect(api, device, 2)
        assert {(record["originalMessageId"], record["statusCode"]) for record in records} == {("b", "Purged"), ("c", "Purged")}

    def test_rejected_over_https(self, api, device):
        self.send(api, device, "r", "full")
        locked = api.get(f"/devices/{device.device_id}/messages/devicebound", authorization=device.token())
        lock = locked.headers["ETag"].strip('"')
        path = f"/devices/{device.device_id}/messages/devicebound/{lock}?reject"
        assert api.delete(path, authorization=device.token()).status_code == 204
        assert [record["statusCode"] for record in self.collect(api, device, 1)] == ["Rejected"]

    def test_abandoned_batch_comes_again_and_a_completed_one_does_not(self, api, device):
        self.send(api, device, "p", "full")
        api.delete(f"/devices/{device.device_id}/commands")

        def batch():
            answer = api.get("/messages/serviceBound/feedback")
            return answer if answer.status_code == 200 else None

        first = eventually(batch, 40, "a feedback batch")
        lock = first.headers["ETag"].strip('"')
        assert api.get("/messages/serviceBound/feedback").status_code == 204, "a locked batch is invisible"
        assert api.post(f"/messages/serviceBound/feedback/{lock}/abandon").status_code == 204
        again = eventually(batch, 10, "the abandoned batch")
        assert again.json() == first.json()
        new_lock = again.headers["ETag"].strip('"')
        assert api.delete(f"/messages/serviceBound/feedback/{new_lock}").status_code == 204
        lost = api.delete(f"/messages/serviceBound/feedback/{new_lock}")
        assert_classic_error(lost, 412, "DeviceMessageLockLost")
