"""The registry's part of the minimum conformance list (service.md §14.5, items 1 to 7 and 13).

Where the points are tested, by item:

1. Tokens: `test_rest_authorization.py` (vectors, `TestTokens`); a missing right needs a policy whose
   key no client is given, so that one is in `shared/src/http/authorize_tests.rs`.
2. Preconditions: `test_rest_registry.py::TestPreconditions`; races: `test_registry_races.py`.
3. Keys: `test_rest_registry.py::TestKeys`.
4. Ids: `test_rest_registry.py::TestIds`, `test_captured_requests.py` ("Py create sas"), and
   `test_seed_registry.py`, R49.
5. Trailing slash and wholly encoded paths: `test_captured_requests.py` ("Node list", "Explorer …"),
   `test_rest_transport.py`.
6. Bulk: below.
7. Twins: `test_rest_twins.py`; its `TestLimits` has each limit and one beyond.
13. The clients themselves: `test_python_service_sdk.py`, `test_node_service_sdk.py`; the CLI's
    requests: `test_captured_requests.py`.
"""

import uuid

import pytest

from harness.rest import assert_classic_error

STALE = "AAAAAAAAAAM="


@pytest.fixture
def names(api):
    """Ids that nobody has; what is created under them is deleted afterwards."""
    made = [f"bulk-{uuid.uuid4().hex[:8]}-{number}" for number in range(3)]
    yield made
    for name in made:
        api.delete(f"/devices/{name}", headers={"If-Match": "*"})


def one(api, **item):
    """A bulk request with a single item: the error's code, or `None` if it was applied."""
    answer = api.post("/devices", json=[item])
    result = answer.json()
    assert answer.status_code == (200 if result["isSuccessful"] else 400), answer.text
    if result["isSuccessful"]:
        assert result["errors"] == []
        return None
    (error,) = result["errors"]
    assert error["deviceId"] == item["id"] and error["errorStatus"]
    return error["errorCode"]


class TestItem6BulkModes:
    """The nine modes against an absent and a present device, with right, wrong and no etag (service.md §4.6)."""

    @pytest.mark.parametrize(
        ("mode", "absent", "present"),
        [
            ("create", None, 409001),
            ("update", 404001, None),
            ("updateIfMatchETag", 404001, None),
            ("createOrUpdate", None, None),
            ("createOrUpdateIfMatchETag", None, None),
            ("delete", 404001, None),
            ("deleteIfMatchETag", 404001, None),
            ("updateTwin", 404001, None),
            ("updateTwinIfMatchETag", 404001, None),
        ],
    )
    def test_item_6_each_mode_on_absent_and_present(self, api, names, mode, absent, present):
        item = {"importMode": mode, "statusReason": mode, "tags": {"mode": mode}, "eTag": "*", "twinETag": "*"}
        assert one(api, id=names[0], **item) == absent
        assert api.get(f"/devices/{names[0]}").status_code == (404 if absent else 200)
        api.create_device(names[1], statusReason="before")
        assert one(api, id=names[1], **item) == present
        shown = api.get(f"/devices/{names[1]}")
        if mode.startswith("delete"):
            assert shown.status_code == 404
            return
        changed = mode if present is None and "Twin" not in mode else "before"
        assert shown.json()["statusReason"] == changed
        if "Twin" in mode:
            assert api.twin(names[1])["tags"] == {"mode": mode}

    @pytest.mark.parametrize("mode", ["updateIfMatchETag", "createOrUpdateIfMatchETag", "deleteIfMatchETag", "updateTwinIfMatchETag"])
    def test_item_6_etags_are_compared(self, api, names, mode):
        name = names[0]
        api.create_device(name)
        field = "twinETag" if "Twin" in mode else "eTag"
        etag = (api.twin(name) if "Twin" in mode else api.device(name))["etag"]
        assert one(api, id=name, importMode=mode, tags={"a": 1}, **{field: STALE}) == 412001
        assert one(api, id=name, importMode=mode, tags={"a": 1}, **{field: f'"{etag}"'}) is None
        assert one(api, id=name, importMode="delete") == (404001 if mode.startswith("delete") else None)

    def test_item_6_names_of_modes_ignore_case_and_the_default_creates_or_updates(self, api, names):
        assert one(api, id=names[0]) is None
        assert one(api, id=names[0], status="disabled") is None
        assert api.device(names[0])["status"] == "disabled"
        assert one(api, id=names[0], importMode="UPDATETWINIFMATCHETAG", twinETag="*", tags={"a": 1}) is None
        assert one(api, id=names[0], importMode="Delete") is None


def test_item_6_a_failed_item_takes_no_other_along(api, names):
    api.create_device(names[1])
    items = [{"id": name, "importMode": "create"} for name in names]
    answer = api.post("/devices", json=items)
    assert answer.status_code == 400
    assert answer.headers["iothub-errorcode"] == answer.headers["IotHubErrorCode"] == "BulkRegistryOperationFailure"
    assert [(error["deviceId"], error["errorCode"]) for error in answer.json()["errors"]] == [(names[1], 409001)]
    assert [api.get(f"/devices/{name}").status_code for name in names] == [200] * 3


def test_item_6_a_hundred_items_are_the_most(api):
    prefix = f"bulk-{uuid.uuid4().hex[:8]}"
    items = [{"id": f"{prefix}-{number}", "importMode": "create"} for number in range(101)]
    assert_classic_error(api.post("/devices", json=items), 413, "TooManyDevices")
    assert api.get(f"/devices/{prefix}-0").status_code == 404, "nothing of it was applied"
    assert api.post("/devices", json=items[:100]).status_code == 200
    removed = api.post("/devices", json=[{"id": item["id"], "importMode": "delete"} for item in items[:100]])
    assert removed.status_code == 200, removed.text


def test_item_6_an_id_twice_or_no_item_is_refused(api, names):
    twice = [{"id": names[0], "importMode": "create"}] * 2
    assert_classic_error(api.post("/devices", json=twice), 400, "DeviceDefinedMultipleTimes")
    assert api.get(f"/devices/{names[0]}").status_code == 404
    assert api.post("/devices", json=[]).status_code == 400
    assert api.post("/devices", json={"id": names[0]}).status_code == 400
