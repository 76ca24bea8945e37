"""Queries over plain REST (query-routing-events.md §1, service.md §9)."""

import uuid

import pytest

from harness.rest import assert_classic_error

DEVICES = 7


@pytest.fixture(scope="module")
def fleet(api):
    """Devices with a mark of their own, in order of id; every second one has a rank."""
    mark = uuid.uuid4().hex
    names = [f"query-{mark}-{number}" for number in range(DEVICES)]
    for number, name in enumerate(names):
        api.create_device(name)
        tags = {"mark": mark, "site": f"s{number % 3}", "rank": number if number % 2 else None}
        assert api.patch(f"/twins/{name}", json={"tags": tags}).status_code == 200
    yield mark, names
    for name in names:
        api.delete(f"/devices/{name}", headers={"If-Match": "*"})


@pytest.fixture
def query(api):
    def ask(text, size=None, token=None):
        headers = {}
        if size is not None:
            headers["x-ms-max-item-count"] = str(size)
        if token is not None:
            headers["x-ms-continuation"] = token
        return api.post("/devices/query", json={"query": text}, headers=headers)

    return ask


@pytest.fixture
def everything(query):
    """All pages of a query."""

    def collect(text, size=None):
        items, token = [], None
        while True:
            answer = query(text, size, token)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            assert isinstance(page, list) and len(page) <= min(size or 100, 100)
            items += page
            token = answer.headers.get("x-ms-continuation")
            if token is None:
                return items
            assert token and page, "a token is never empty, and only an answer with items has one here"

    return collect


def test_whole_twins(api, query, fleet):
    mark, names = fleet
    answer = query(f"SELECT * FROM devices WHERE tags.mark = '{mark}' AND deviceId = '{names[2]}'")
    assert answer.headers["x-ms-item-type"] == "Twin"
    assert "x-ms-continuation" not in answer.headers
    assert answer.json() == [api.get(f"/twins/{names[2]}").json()]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_pages_hold_each_device_once_in_order(everything, fleet, size):
    mark, names = fleet
    found = everything(f"SELECT deviceId FROM devices WHERE tags.mark = '{mark}'", size)
    assert found == [{"deviceId": name} for name in names]


def test_an_ordered_query(everything, fleet):
    mark, names = fleet
    found = everything(f"SELECT deviceId FROM devices WHERE tags.mark = '{mark}' ORDER BY tags.rank DESC", 2)
    assert [item["deviceId"] for item in found] == [names[index] for index in (5, 3, 1, 0, 2, 4, 6)]


def test_groups(everything, query, fleet):
    mark, _ = fleet
    text = f"SELECT tags.site AS s, COUNT() AS n, SUM(tags.rank) AS sum FROM devices WHERE tags.mark = '{mark}' GROUP BY tags.site"
    expected = [{"s": "s0", "n": 3, "sum": 3}, {"s": "s1", "n": 2, "sum": 1}, {"s": "s2", "n": 2, "sum": 5}]
    assert everything(text) == everything(text, 1) == expected
    assert query(text).headers["x-ms-item-type"] == "Raw"
    assert everything(f"SELECT COUNT() AS n FROM devices WHERE tags.mark = '{mark}x'") == [{"n": 0}]


def test_top_counts_over_all_pages(everything, fleet):
    mark, names = fleet
    found = everything(f"SELECT TOP 5 deviceId FROM devices WHERE tags.mark = '{mark}'", 2)
    assert [item["deviceId"] for item in found] == names[:5]


def test_the_list_of_azure_iot_explorer(everything, fleet):
    _, names = fleet
    text = (
        "SELECT deviceId as DeviceId, status as Status, lastActivityTime as LastActivityTime, statusUpdatedTime as StatusUpdatedTime, "
        "authenticationType as AuthenticationType, cloudToDeviceMessageCount as CloudToDeviceMessageCount, "
        "connectionState as ConnectionState, capabilities.iotEdge as IotEdge, modelId as ModelId "
        f"FROM devices WHERE STARTSWITH(devices.deviceId,'{names[0]}')"
    )
    [item] = everything(text)
    assert item["DeviceId"] == names[0] and item["Status"] == "enabled" and item["ConnectionState"] == "Disconnected"
    assert item["AuthenticationType"] == "sas" and item["CloudToDeviceMessageCount"] == 0
    assert item["IotEdge"] is False and item["ModelId"] == ""
    assert item["StatusUpdatedTime"].startswith("0001-01-01") and item["LastActivityTime"].startswith("0001-01-01")


def test_a_write_is_seen_at_once(api, everything, device):
    for value in range(10):
        api.patch(f"/twins/{device.device_id}", json={"tags": {"value": value}})
        text = f"SELECT tags['value'] FROM devices WHERE deviceId = '{device.device_id}' AND tags.[[value]] = {value}"
        assert everything(text) == [{"value": value}]


def test_connection_state_and_reported_properties(api, everything, device, python_device):
    client = python_device()
    client.client.patch_twin_reported_properties({"fw": "1.2"})
    mine = f"deviceId = '{device.device_id}'"
    assert everything(f"SELECT deviceId FROM devices WHERE {mine} AND connectionState = 'Connected'")
    assert everything(f"SELECT properties.reported.fw FROM devices WHERE {mine} AND properties.reported.fw >= '1.1'") == [{"fw": "1.2"}]
    recent = "properties.reported.$metadata.fw.$lastUpdated >= '2020-01-01'"
    assert everything(f"SELECT deviceId FROM devices WHERE {mine} AND {recent}")


def test_jobs_and_modules_are_empty(query):
    jobs = query("SELECT * FROM devices.jobs WHERE devices.jobs.jobId = 'none'")
    assert (jobs.json(), jobs.headers["x-ms-item-type"]) == ([], "DeviceJob")
    modules = query("select * from devices.modules where devices.deviceId = 'none'")
    assert (modules.json(), modules.headers["x-ms-item-type"]) == ([], "Twin")


@pytest.mark.parametrize(
    "text", ["deviceId IN ('a')", "tags.site = ", "foo(1)", "tags.a LIKE 'x'", "IS_DEFINED(1)", "NOT " * 65 + "tags.a"]
)
def test_invalid_conditions(query, text):
    answer = query(f"SELECT deviceId FROM devices WHERE {text}")
    message = assert_classic_error(answer, 400, "ArgumentInvalid")
    assert "line 1, column" in message


def test_bodies_without_a_query(api):
    for options in ({"data": b""}, {"data": b"nonsense"}, {"json": {}}, {"json": {"query": 5}}):
        assert assert_classic_error(api.post("/devices/query", **options), 400, "ArgumentNull")


def test_a_query_that_is_too_long(query):
    assert_classic_error(query("SELECT * FROM devices" + " " * 8192), 412, "PreconditionFailed")


def test_tokens_belong_to_their_query(query, fleet):
    mark, _ = fleet
    text = f"SELECT deviceId FROM devices WHERE tags.mark = '{mark}'"
    token = query(text, 2).headers["x-ms-continuation"]
    assert query(text, 2, token).status_code == 200
    assert_classic_error(query(text + " ", 2, token), 400, "ArgumentInvalid")
    assert_classic_error(query(text, 2, token[:-3] + "AAA"), 400, "ArgumentInvalid")
    for size in ("0", "-1", "many"):
        assert_classic_error(query(text, size), 400, "ArgumentInvalid")


def test_explain(api, fleet):
    mark, _ = fleet
    text = f"SELECT deviceId FROM devices WHERE tags.mark = '{mark}' AND tags.rank % 2 = 1"
    answer = api.post("/api/v1/query/explain", json={"query": text})
    assert answer.status_code == 200, answer.text
    explained = answer.json()
    assert (explained["rowsScanned"], explained["rowsMatched"]) == (DEVICES, 3)
    assert mark in explained["prefilter"]["parameters"] and mark not in explained["prefilter"]["sql"]
