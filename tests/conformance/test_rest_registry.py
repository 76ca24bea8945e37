"""Device identities over plain REST (service.md §4, §14.5 items 2–5)."""

import base64
import re
from urllib.parse import quote

import pytest

from harness.rest import EventReader, assert_classic_error


@pytest.fixture
def absent(api):
    """An id that is free, and free again afterwards."""
    name = "registry-test-device"
    api.delete(f"/devices/{name}", headers={"If-Match": "*"})
    yield name
    api.delete(f"/devices/{name}", headers={"If-Match": "*"})


def put(api, device_id, match=None, **fields):
    headers = {"If-Match": match} if match is not None else {}
    return api.put(f"/devices/{quote(device_id, safe='')}", json={"deviceId": device_id, **fields}, headers=headers)


class TestPreconditions:
    def test_put_twice_is_a_conflict_even_with_the_right_etag_in_the_body(self, api, absent):
        created = put(api, absent)
        assert created.status_code == 200
        text = assert_classic_error(put(api, absent, etag=created.json()["etag"]), 409, "DeviceAlreadyExists")
        assert absent in text

    @pytest.mark.parametrize("match", ["*", '"*"', '"AAAA"', "AAAA"])
    def test_put_with_if_match_on_absent_is_not_found(self, api, absent, match):
        assert_classic_error(put(api, absent, match), 404, "DeviceNotFound")
        assert api.get(f"/devices/{absent}").status_code == 404

    def test_etags_quoted_bare_wild_and_stale(self, api, absent):
        first = put(api, absent).json()["etag"]
        second = put(api, absent, f'"{first}"').json()["etag"]
        assert second != first
        assert_classic_error(put(api, absent, f'"{first}"'), 412, "PreconditionFailed")
        assert put(api, absent, second).status_code == 200
        assert put(api, absent, '"*"').status_code == 200
        assert put(api, absent, "*").status_code == 200

    def test_delete_needs_an_etag(self, api, absent):
        etag = put(api, absent).json()["etag"]
        assert "Etag missing" in assert_classic_error(api.delete(f"/devices/{absent}"), 412, "PreconditionFailed")
        stale = api.delete(f"/devices/{absent}", headers={"If-Match": '"stale"'})
        assert_classic_error(stale, 412, "PreconditionFailed")
        gone = api.delete(f"/devices/{absent}", headers={"If-Match": f'"{etag}"'})
        assert (gone.status_code, gone.content) == (204, b"")
        assert_classic_error(api.delete(f"/devices/{absent}", headers={"If-Match": "*"}), 404, "DeviceNotFound")
        assert_classic_error(api.get(f"/devices/{absent}"), 404, "DeviceNotFound")

    def test_etag_header_and_body_agree_and_move_only_on_identity_writes(self, api, absent):
        answer = put(api, absent)
        etag = answer.json()["etag"]
        assert answer.headers["ETag"] == f'"{etag}"'
        assert base64.b64decode(etag).isdigit(), "base64 of a decimal counter"
        api.patch_desired(absent, {"a": 1})
        assert api.send_to_device(absent, b"x").status_code == 204
        unchanged = api.get(f"/devices/{absent}")
        assert (unchanged.json()["etag"], unchanged.headers["ETag"]) == (etag, f'"{etag}"')


def test_a_new_device_object(api, absent):
    device = put(api, absent).json()
    keys = device["authentication"]["symmetricKey"]
    assert all(len(base64.b64decode(keys[name])) == 32 for name in ("primaryKey", "secondaryKey"))
    assert keys["primaryKey"] != keys["secondaryKey"]
    assert re.fullmatch(r"\d{18}", device["generationId"])
    assert device["authentication"]["type"] == "sas"
    assert device["authentication"]["x509Thumbprint"] == {"primaryThumbprint": None, "secondaryThumbprint": None}
    assert (device["status"], device["statusReason"]) == ("enabled", None)
    assert device["connectionState"] == "Disconnected"
    assert device["cloudToDeviceMessageCount"] == 0
    assert device["capabilities"] == {"iotEdge": False}
    for field in ("connectionStateUpdatedTime", "statusUpdatedTime", "lastActivityTime"):
        assert device[field].startswith("0001-01-01T00:00:00"), field
    assert "deviceScope" not in device and "parentScopes" not in device
    assert api.device(absent) == device


class TestKeys:
    @pytest.mark.parametrize(
        "fields",
        [
            {"authentication": {"type": "sas", "symmetricKey": {"primaryKey": "", "secondaryKey": ""}}},
            {"authentication": {"type": "sas", "symmetricKey": {"primaryKey": None, "secondaryKey": None}}},
            {"authentication": {"type": "sas", "symmetricKey": {}}},
            {"authentication": {"type": "sas"}},
            {"authentication": None},
            {},
        ],
    )
    def test_missing_keys_are_generated(self, api, absent, fields):
        keys = put(api, absent, **fields).json()["authentication"]["symmetricKey"]
        assert len(base64.b64decode(keys["primaryKey"])) == 32

    @pytest.mark.parametrize("size", [16, 64])
    def test_given_keys_are_kept_byte_for_byte(self, api, absent, size):
        keys = {name: base64.b64encode(bytes([start]) * size).decode() for name, start in (("primaryKey", 1), ("secondaryKey", 2))}
        answer = put(api, absent, authentication={"type": "sas", "symmetricKey": keys})
        assert answer.json()["authentication"]["symmetricKey"] == keys

    @pytest.mark.parametrize("size", [15, 65])
    def test_other_lengths_are_refused(self, api, absent, size):
        key = base64.b64encode(bytes(size)).decode()
        answer = put(api, absent, authentication={"symmetricKey": {"primaryKey": key, "secondaryKey": key}})
        assert "Invalid device key length" in assert_classic_error(answer, 400, "ArgumentInvalid")

    def test_one_key_alone_is_refused(self, api, absent):
        key = base64.b64encode(bytes(32)).decode()
        answer = put(api, absent, authentication={"symmetricKey": {"primaryKey": key}})
        assert "Either no keys or both keys can be set" in assert_classic_error(answer, 400, "ArgumentInvalid")

    def test_update_without_authentication_mints_new_keys(self, api, absent):
        before = put(api, absent).json()["authentication"]["symmetricKey"]
        after = put(api, absent, "*").json()["authentication"]["symmetricKey"]
        assert before["primaryKey"] != after["primaryKey"]

    def test_thumbprints(self, api, absent):
        print_ = "AB" * 20
        answer = put(api, absent, authentication={"type": "selfSigned", "x509Thumbprint": {"primaryThumbprint": print_}})
        shown = answer.json()["authentication"]
        assert (shown["type"], shown["x509Thumbprint"]["primaryThumbprint"]) == ("selfSigned", print_)
        assert shown["symmetricKey"] == {"primaryKey": None, "secondaryKey": None}
        bad = put(api, absent, "*", authentication={"type": "selfSigned", "x509Thumbprint": {"primaryThumbprint": "AB:CD"}})
        assert bad.status_code == 400 and "StringIsNotThumbprint" in bad.text

    def test_type_none_is_refused(self, api, absent):
        assert_classic_error(put(api, absent, authentication={"type": "none"}), 400, "ArgumentInvalid")


class TestIds:
    @pytest.mark.parametrize("device_id", ["a%2", "hash#tag", "a.b_c-d:e;f", "k=v@$'(1)!*?,+"])
    def test_ids_within_the_grammar_round_trip(self, api, device_id):
        try:
            assert put(api, device_id).status_code == 200
            assert api.device(device_id)["deviceId"] == device_id
            assert api.twin(device_id)["deviceId"] == device_id
        finally:
            api.delete_device(device_id)

    @pytest.mark.parametrize("device_id", ["a b", "a/b", "a\\b", "가", "x" * 129])
    def test_ids_outside_are_refused(self, api, device_id):
        assert_classic_error(put(api, device_id), 400, "ArgumentInvalid")

    def test_128_characters_are_the_most(self, api):
        device_id = "x" * 128
        assert put(api, device_id).status_code == 200
        api.delete_device(device_id)

    def test_body_must_name_the_same_device(self, api, absent):
        answer = api.put(f"/devices/{absent}", json={"deviceId": "another"})
        assert_classic_error(answer, 400, "ArgumentInvalid")


def test_status_with_reason_and_times(api, absent):
    put(api, absent)
    disabled = put(api, absent, "*", status="disabled", statusReason="점검 중").json()
    assert (disabled["status"], disabled["statusReason"]) == ("disabled", "점검 중")
    assert not disabled["statusUpdatedTime"].startswith("0001-01-01")
    enabled = put(api, absent, "*").json()
    assert (enabled["status"], enabled["statusReason"]) == ("enabled", None)
    assert put(api, absent, "*", statusReason="r" * 128).status_code == 200
    assert_classic_error(put(api, absent, "*", statusReason="r" * 129), 400, "ArgumentInvalid")
    assert_classic_error(put(api, absent, "*", status="asleep"), 400, "ArgumentInvalid")


def test_read_only_fields_are_ignored(api, absent):
    created = put(api, absent).json()
    answer = put(
        api, absent, "*", generationId="1", connectionState="Connected", lastActivityTime="2020-01-01T00:00:00Z",
        cloudToDeviceMessageCount=9, authentication=created["authentication"],
    ).json()  # fmt: skip
    for field in ("generationId", "connectionState", "lastActivityTime", "cloudToDeviceMessageCount"):
        assert answer[field] == created[field], field


def test_list_is_ordered_and_bounded(api):
    names = [f"list-{number:02}" for number in (3, 1, 2)]
    for name in names:
        put(api, name)
    try:
        listed = [device["deviceId"] for device in api.get("/devices").json()]
        assert listed == sorted(listed)
        assert set(names) <= set(listed)
        two = api.get("/devices", parameters={"top": "2"}).json()
        assert [device["deviceId"] for device in two] == listed[:2]
        assert two[0]["authentication"]["symmetricKey"]["primaryKey"]
        for outside in ("0", "1001", "-1"):
            assert len(api.get("/devices", parameters={"top": outside}).json()) == len(listed)
    finally:
        for name in names:
            api.delete_device(name)


def test_statistics_are_exact(api, absent, wire_session):
    before = api.get("/statistics/devices").json()
    put(api, absent, status="disabled")
    after = api.get("/statistics/devices").json()
    assert after["totalDeviceCount"] == before["totalDeviceCount"] + 1
    assert after["disabledDeviceCount"] == before["disabledDeviceCount"] + 1
    assert after["enabledDeviceCount"] == before["enabledDeviceCount"]
    connected = api.get("/statistics/service").json()["connectedDeviceCount"]
    wire_session().expect_alive()
    assert api.get("/statistics/service").json() == {"connectedDeviceCount": connected + 1}


def test_lifecycle_events(api, absent, hub_event_routes):
    life = EventReader(api, deviceId=absent, source="deviceLifecycleEvents")
    put(api, absent)
    put(api, absent, "*", status="disabled")
    api.patch(f"/twins/{absent}", json={"tags": {"site": "s1"}})
    api.delete_device(absent)
    created, deleted = life.take(2)
    for event, operation in ((created, "createDeviceIdentity"), (deleted, "deleteDeviceIdentity")):
        properties = event["applicationProperties"]
        assert (properties["opType"], properties["deviceId"]) == (operation, absent)
        assert properties["iothub-message-schema"] == "deviceLifecycleNotification"
        assert event["body"]["deviceId"] == absent
    assert created["body"]["version"] == 2
    assert created["body"]["properties"]["desired"]["$version"] == 1
    assert deleted["body"]["tags"] == {"site": "s1"}
