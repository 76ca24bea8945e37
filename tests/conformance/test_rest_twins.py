"""Twins over plain REST (service.md §6, §14.5 item 7)."""

import base64

import pytest

from harness.rest import EventReader, assert_classic_error


@pytest.fixture
def twin(api, device):
    """Writes to this test's twin: twin("PATCH", {...}, match)."""

    def write(method, body, match=None):
        headers = {"If-Match": match} if match is not None else {}
        return api.request(method, f"/twins/{device.device_id}", json=body, headers=headers)

    return write


def without_metadata(section: dict) -> dict:
    return {key: value for key, value in section.items() if not key.startswith("$")}


def test_a_new_twin(api, device):
    answer = api.get(f"/twins/{device.device_id}")
    twin = answer.json()
    assert twin["deviceId"] == device.device_id
    assert twin["deviceEtag"] == api.device(device.device_id)["etag"]
    assert answer.headers["ETag"] == f'"{twin["etag"]}"'
    assert len(base64.b64decode(twin["etag"])) == 8
    assert twin["version"] == 2
    assert twin["tags"] == {} and twin["modelId"] == ""
    assert (twin["status"], twin["connectionState"], twin["authenticationType"]) == ("enabled", "Disconnected", "sas")
    assert twin["cloudToDeviceMessageCount"] == 0
    assert twin["statusUpdateTime"].startswith("0001-01-01") and twin["lastActivityTime"].startswith("0001-01-01")
    assert twin["capabilities"] == {"iotEdge": False}
    for section in ("desired", "reported"):
        assert twin["properties"][section]["$version"] == 1
        assert set(twin["properties"][section]) == {"$version", "$metadata"}
    for field in ("generationId", "connectionStateUpdatedTime", "moduleId", "statusReason", "configurations"):
        assert field not in twin


def test_patch_merges_and_null_deletes(twin):
    first = twin("PATCH", {"tags": {"site": "s1", "floor": 2}, "properties": {"desired": {"cfg": {"hz": 5, "on": True}, "list": [1, {"a": 1}]}}})
    assert first.status_code == 200
    second = twin("PATCH", {"tags": {"floor": None}, "properties": {"desired": {"cfg": {"on": None}, "list": [2]}}})
    body = second.json()
    assert body["tags"] == {"site": "s1"}
    assert without_metadata(body["properties"]["desired"]) == {"cfg": {"hz": 5}, "list": [2]}
    third = twin("PATCH", {"properties": {"desired": {"cfg": {"hz": None}}}}).json()
    assert without_metadata(third["properties"]["desired"]) == {"cfg": {}, "list": [2]}


def test_metadata_mirrors_the_document(twin):
    twin("PATCH", {"properties": {"desired": {"cfg": {"hz": 5, "on": True}, "list": [1, 2]}}})
    desired = twin("PATCH", {"properties": {"desired": {"cfg": {"hz": 6}}}}).json()["properties"]["desired"]
    metadata = desired["$metadata"]
    assert desired["$version"] == 3
    assert set(metadata) == {"$lastUpdated", "$lastUpdatedVersion", "cfg", "list"}
    assert metadata["$lastUpdatedVersion"] == 3
    assert metadata["cfg"]["$lastUpdatedVersion"] == 3
    assert metadata["cfg"]["hz"]["$lastUpdatedVersion"] == 3
    assert metadata["cfg"]["on"]["$lastUpdatedVersion"] == 2
    assert set(metadata["list"]) == {"$lastUpdated", "$lastUpdatedVersion"}, "an array has one node"
    assert metadata["cfg"]["hz"]["$lastUpdated"] == metadata["$lastUpdated"] > metadata["cfg"]["on"]["$lastUpdated"]
    after = twin("PATCH", {"properties": {"desired": {"cfg": {"on": None}}}}).json()["properties"]["desired"]
    assert "on" not in after["$metadata"]["cfg"], "a deleted key leaves the mirror"


def test_versions(twin, api, device):
    before = api.twin(device.device_id)
    same = twin("PATCH", {"properties": {"desired": {"a": 1}}}).json()
    again = twin("PATCH", {"properties": {"desired": {"a": 1}}}).json()
    assert again["properties"]["desired"]["$version"] == same["properties"]["desired"]["$version"] + 1
    tagged = twin("PATCH", {"tags": {"a": 1}}).json()
    assert tagged["properties"]["desired"]["$version"] == again["properties"]["desired"]["$version"]
    versions = [before["version"], same["version"], again["version"], tagged["version"]]
    assert versions == [2, 3, 4, 5]
    etags = [answer["etag"] for answer in (before, same, again, tagged)]
    assert len(set(etags)) == 4


def test_put_replaces_both_sections(twin):
    twin("PATCH", {"tags": {"site": "s1"}, "properties": {"desired": {"a": 1, "b": 2}}})
    body = twin("PUT", {"properties": {"desired": {"b": 3, "dropped": None}}}).json()
    assert body["tags"] == {}
    assert without_metadata(body["properties"]["desired"]) == {"b": 3}
    assert body["properties"]["desired"]["$version"] == 3
    cleared = twin("PUT", {"tags": {}}).json()
    assert without_metadata(cleared["properties"]["desired"]) == {}


def test_null_section_in_a_patch_clears_it(twin):
    twin("PATCH", {"tags": {"site": "s1"}, "properties": {"desired": {"a": 1}}})
    body = twin("PATCH", {"tags": None}).json()
    assert body["tags"] == {}
    assert without_metadata(body["properties"]["desired"]) == {"a": 1}


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_etags(twin, method, api, device):
    etag = api.twin(device.device_id)["etag"]
    assert twin(method, {"tags": {"a": 1}}, f'"{etag}"').status_code == 200
    assert_classic_error(twin(method, {"tags": {"a": 2}}, f'"{etag}"'), 412, "PreconditionFailed")
    for wildcard in ("*", '"*"', None):
        assert twin(method, {"tags": {"a": 3}}, wildcard).status_code == 200
    assert api.twin(device.device_id)["tags"] == {"a": 3}


def test_etag_does_not_move_with_reports(api, device, wire_session):
    from harness import wire as w

    before = api.twin(device.device_id)
    wire = wire_session()
    wire.send(w.publish("$iothub/twin/PATCH/properties/reported/?$rid=1", b'{"a":1}', qos=1))
    wire.expect(w.PUBACK)
    after = api.twin(device.device_id)
    assert after["properties"]["reported"]["a"] == 1
    assert after["version"] == before["version"] + 1
    assert after["etag"] == before["etag"]


def test_sending_the_whole_twin_back_ignores_read_only_fields(twin, api, device):
    whole = twin("PATCH", {"tags": {"site": "s1"}, "properties": {"desired": {"a": 1}}}).json()
    whole.update(version=99, status="disabled", connectionState="Connected", deviceEtag="x", etag="stale")
    whole["properties"]["reported"]["forged"] = True
    whole["properties"]["desired"]["$version"] = 77
    answer = twin("PATCH", whole)
    assert answer.status_code == 200, answer.text
    body = api.twin(device.device_id)
    assert "forged" not in body["properties"]["reported"]
    assert body["status"] == "enabled"
    assert body["properties"]["desired"]["$version"] == 3


def test_numbers_come_back_as_written(twin, api, device):
    raw = b'{"tags":{"n":1.0,"m":1,"e":1e2,"all":90.42225290942383,"digits":[42.215889504792884,19.243053591130522]}}'
    assert api.patch(f"/twins/{device.device_id}", data=raw, headers={"Content-Type": "application/json"}).status_code == 200
    text = api.get(f"/twins/{device.device_id}").text.replace(" ", "")
    assert '"n":1.0' in text and '"m":1,' in text
    # A double with all its digits is not its neighbour, not after another write either.
    api.patch_desired(device.device_id, {"other": 1})
    for text in (text, api.get(f"/twins/{device.device_id}").text.replace(" ", "")):
        assert '"all":90.42225290942383,' in text and '"digits":[42.215889504792884,19.243053591130522]' in text


class TestLimits:
    """service.md §6.3, each limit and one beyond."""

    @staticmethod
    def nested(depth: int) -> dict:
        """A scalar in the object that lies `depth` deep in the section."""
        document: dict = {"leaf": 1}
        for _ in range(depth):
            document = {"o": document}
        return document

    @pytest.mark.parametrize(
        ("within", "beyond"),
        [
            ({"k" * 1024: 1}, {"k" * 1025: 1}),
            ({"가" * 341 + "x": 1}, {"가" * 342: 1}),
            ({"a": "v" * 4096}, {"a": "v" * 4097}),
            ({"a": 4503599627370495}, {"a": 4503599627370496}),
            ({"a": -4503599627370496}, {"a": -4503599627370497}),
            ({"a": [1, {"b": 2}]}, {"a": [1, None]}),
            ({"a-b_c": 1}, {"a.b": 1}),
            ({"한글": 1}, {"a b": 1}),
            ({"a": 1}, {"a#b": 1}),
            ({"a": 1}, {"a$b": 1}),
            ({"a": 1}, {"a\u0007": 1}),
        ],
        ids=["key", "key in UTF-8", "string", "largest", "least", "null in array", "dot", "space", "hash", "dollar", "control"],
    )
    @pytest.mark.parametrize("section", ["tags", "desired"])
    def test_values(self, twin, section, within, beyond):
        def document(content: dict) -> dict:
            return {"tags": content} if section == "tags" else {"properties": {"desired": content}}

        assert twin("PATCH", document(within)).status_code == 200
        assert_classic_error(twin("PATCH", document(beyond)), 400, "ArgumentInvalid")

    def test_depth(self, twin):
        assert twin("PATCH", {"tags": self.nested(10)}).status_code == 200
        assert_classic_error(twin("PATCH", {"tags": self.nested(11)}), 400, "ArgumentInvalid")

    def test_section_sizes(self, twin):
        eight = {"k0": "v" * 4094, "k1": "v" * 4094}
        assert twin("PUT", {"tags": eight}).status_code == 200
        assert_classic_error(twin("PUT", {"tags": {**eight, "k1": "v" * 4095}}), 400, "ArgumentInvalid")
        full = {f"k{number}": "v" * 4094 for number in range(8)}
        assert twin("PUT", {"properties": {"desired": full}}).status_code == 200
        over = {**full, "k7": "v" * 4095}
        assert_classic_error(twin("PUT", {"properties": {"desired": over}}), 400, "ArgumentInvalid")

    def test_a_refused_patch_changes_nothing(self, twin, api, device):
        before = api.twin(device.device_id)
        twin("PATCH", {"tags": {"good": 1}, "properties": {"desired": {"bad.key": 1}}})
        assert api.twin(device.device_id) == before


def test_unknown_device(api):
    assert_classic_error(api.get("/twins/no-such-device"), 404, "DeviceNotFound")
    assert_classic_error(api.patch("/twins/no-such-device", json={"tags": {}}), 404, "DeviceNotFound")


def test_change_events(twin, api, device, hub_event_routes):
    changes = EventReader(api, deviceId=device.device_id, source="twinChangeEvents")
    twin("PATCH", {"tags": {"site": "s1"}, "properties": {"desired": {"interval": 60, "gone": None}}})
    twin("PUT", {"tags": {"site": "s2"}})
    updated, replaced = changes.take(2)
    for event, operation in ((updated, "updateTwin"), (replaced, "replaceTwin")):
        properties = event["applicationProperties"]
        assert (properties["opType"], properties["deviceId"]) == (operation, device.device_id)
        assert properties["iothub-message-schema"] == "twinChangeNotification"
    assert updated["body"]["version"] == 3
    assert updated["body"]["tags"] == {"site": "s1"}
    desired = updated["body"]["properties"]["desired"]
    assert (desired["interval"], desired["$version"]) == (60, 2)
    assert desired["$metadata"]["interval"]["$lastUpdatedVersion"] == 2
    assert "reported" not in updated["body"]["properties"]
    assert replaced["body"]["deviceId"] == device.device_id
    assert replaced["body"]["tags"] == {"site": "s2"}
