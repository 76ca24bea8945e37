"""Addressing rules and error envelopes (service.md §1, §12)."""

import re

import pytest

from harness.rest import assert_classic_error

TRACKING = re.compile(r"^Tracking ID:[0-9a-f]{32}-G:\d+-TimeStamp:\d\d/\d\d/\d{4} \d\d:\d\d:\d\d$")


class TestApiVersion:
    @pytest.mark.parametrize(
        "version", ["2016-02-03", "2016-11-14", "2017-11-08-preview", "2018-06-30", "2020-09-30", "2021-04-12", "2024-03-31"]
    )
    def test_every_version_is_treated_alike(self, api, version):
        assert api.get("/statistics/devices", api_version=version).status_code == 200

    @pytest.mark.parametrize("version", [None, "", "2015-01-01", "latest", "2021-4-12", "2021-04-12-beta", "2021-13-01"])
    def test_others_are_refused(self, api, version):
        assert_classic_error(api.get("/statistics/devices", api_version=version), 400, "InvalidProtocolVersion")

    def test_position_in_the_query_does_not_matter(self, api):
        assert api.get("/devices?api-version=2021-04-12&top=1", api_version=None).status_code == 200
        assert api.get("/devices?top=1&api-version=2021-04-12", api_version=None).status_code == 200


def test_literal_segments_ignore_case_and_ids_do_not(api, device):
    assert api.get(f"/Devices/{device.device_id}").status_code == 200
    assert api.get(f"/TWINS/{device.device_id}").status_code == 200
    assert api.post(f"/devices/{device.device_id}/messages/devicebound", data=b"x").status_code == 204
    assert api.get("/messages/servicebound/feedback").status_code in (200, 204)
    assert api.get(f"/devices/{device.device_id.upper()}").status_code == 404


def test_trailing_slash_changes_nothing(api, device):
    assert api.get("/devices/").json() == api.get("/devices").json()
    assert len(api.get("/devices/", parameters={"top": "1"}).json()) == 1


def test_whole_path_percent_encoded_as_the_explorer_does(api, device):
    answer = api.get(f"/twins%2F{device.device_id}")
    assert answer.status_code == 200
    assert answer.json()["deviceId"] == device.device_id


def test_success_is_json_with_a_request_id(api, device):
    answer = api.get(f"/devices/{device.device_id}")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["x-ms-request-id"])


def test_204_has_neither_body_nor_type(api, device):
    answer = api.send_to_device(device.device_id, b"x")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "Content-Type" not in answer.headers


def test_error_envelope(api):
    answer = api.get("/devices/no-such-device")
    assert assert_classic_error(answer, 404, "DeviceNotFound") == "no-such-device"
    assert TRACKING.match(answer.json()["ExceptionMessage"]), answer.text
    again = api.get("/devices/no-such-device")
    assert again.json()["ExceptionMessage"] != answer.json()["ExceptionMessage"], "each failure has its own tracking id"


def test_unknown_path_and_wrong_verb(api, device):
    assert_classic_error(api.get("/nowhere/at/all"), 404, "GenericNotFound")
    assert_classic_error(api.patch(f"/devices/{device.device_id}", json={}), 405, "GenericMethodNotAllowed")


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe{}", b'{"deviceId":}', b"nonsense"])
def test_broken_json_is_a_format_error(api, body):
    answer = api.put("/devices/broken-json", data=body, headers={"Content-Type": "application/json"})
    assert_classic_error(answer, 400, "IotHubFormatError")
    assert api.get("/devices/broken-json").status_code == 404


def test_missing_body_is_an_argument_null(api):
    assert_classic_error(api.put("/devices/no-body"), 400, "ArgumentNull")


def test_names_in_json_input_ignore_case_and_unknown_ones_are_skipped(api):
    answer = api.put("/devices/mixed-case", json={"DeviceID": "mixed-case", "STATUS": "Disabled", "flavour": "mint"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "disabled"
    api.delete_device("mixed-case")
