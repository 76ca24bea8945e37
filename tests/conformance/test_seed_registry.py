"""What the seed text about the identity registry asks for (device-management.md §10, R33–R39, R44, R48, R49).

One scenario a row, Given, When and Then as the table has them. R25 to R27 are in
`test_retirement_and_record.py`.
"""

import base64
import re
import time
import uuid
from urllib.parse import quote

import pytest
from azure.iot.device.exceptions import CredentialError
from azure.iot.hub import IoTHubRegistryManager
from azure.iot.hub.models import ExportImportDevice, QuerySpecification
from msrest.exceptions import HttpOperationError

from harness.rest import EventReader, assert_classic_error
from harness.tokens import DeviceCredentials
from harness.waiting import eventually
from harness.wire import CONNACK, connect

NEVER = "0001-01-01T00:00:00"
NOT_AUTHORIZED = 5
# Every special character that an id may have (service.md §4.2).
SPECIAL = "-:.+%_#*?!(),=@;$'"


@pytest.fixture
def registry(hub, monkeypatch):
    """The unmodified PyPI `azure-iot-hub`."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", hub.ca_file)
    return IoTHubRegistryManager.from_connection_string(hub.owner.with_host(f"localhost:{hub.https_port}"))


@pytest.fixture
def new_id(api):
    """Makes ids that nobody has; what is created under them is deleted afterwards."""
    made = []

    def make(prefix="seed"):
        made.append(f"{prefix}-{uuid.uuid4().hex[:8]}")
        return made[-1]

    yield make
    for device_id in made:
        api.delete(f"/devices/{quote(device_id, safe='')}", headers={"If-Match": "*"})


def connack_code(open_wire, credentials, token):
    wire = open_wire()
    wire.send(connect(credentials.client_id, credentials.user_name, token))
    return wire.expect(CONNACK).body[1]


def send_over_https(api, device_id, token):
    return api.post(f"/devices/{device_id}/messages/events", data=b"x", authorization=token)


def bulk(api, items):
    """`POST /devices` in requests of a hundred; all must succeed."""
    for start in range(0, len(items), 100):
        answer = api.post("/devices", json=items[start : start + 100])
        assert answer.status_code == 200, answer.text


def test_r33_who_has_no_entry_is_refused(api, new_id, python_device, open_wire):
    # Given a device id that nobody registered, and a token that looks like any other.
    key = base64.b64encode(bytes(range(32))).decode()
    stranger = DeviceCredentials(api.host_name, new_id(), key, key)
    # When it connects, then it is refused: the SDK, the bare protocol and HTTPS alike.
    with pytest.raises(CredentialError):
        python_device(stranger).client.connect()
    assert connack_code(open_wire, stranger, stranger.token()) == NOT_AUTHORIZED
    assert_classic_error(send_over_https(api, stranger.device_id, stranger.token()), 401, "IotHubUnauthorized")
    # And each refusal is an error record of the category Connections.
    found = api.get(f"/api/v1/operations?category=Connections&level=Error&deviceId={stranger.device_id}").json()["records"]
    assert {record["protocol"] for record in found} == {"Mqtt", "Https"}
    assert {record["operationName"] for record in found} == {"deviceConnect"}
    assert {record["resultType"] for record in found} == {"401003"}
    # The same credentials are good as soon as the entry exists.
    api.create_device(stranger.device_id, authentication={"symmetricKey": {"primaryKey": key, "secondaryKey": key}})
    client = python_device(stranger)
    client.client.connect()
    assert client.client.connected


def test_r34_the_key_of_one_device_opens_no_other(api, device, new_id, python_device, open_wire):
    # Given two devices.
    other = api.create_device(new_id())
    # When A's key signs for B, or A's own token is shown as B, then it is refused.
    with pytest.raises(CredentialError):
        python_device(other, key=device.primary_key).client.connect()
    for token in (other.token(key=device.primary_key), other.token(key=device.secondary_key), device.token()):
        assert connack_code(open_wire, other, token) == NOT_AUTHORIZED
        assert_classic_error(send_over_https(api, other.device_id, token), 401, "IotHubUnauthorized")
    assert connack_code(open_wire, other, other.token()) == 0


def test_r35_device_ids_are_case_sensitive(api, registry, new_id):
    # Given two ids that differ in one letter's case, both created.
    suffix = uuid.uuid4().hex[:8]
    upper, lower = new_id(f"Pump-{suffix}"), None
    lower = upper[0].lower() + upper[1:]
    try:
        keys = [registry.create_device_with_sas(name, "", "", "enabled").authentication.symmetric_key.primary_key for name in (upper, lower)]
        # Then they are two identities …
        assert keys[0] != keys[1]
        assert [registry.get_device(name).device_id for name in (upper, lower)] == [upper, lower]
        # … with two twins …
        assert api.patch(f"/twins/{upper}", json={"tags": {"site": "north"}}).status_code == 200
        assert "tags" not in api.twin(lower) or api.twin(lower)["tags"] == {}
        # … and the query finds the one that it names.
        found = registry.query_iot_hub(QuerySpecification(query=f"SELECT * FROM devices WHERE deviceId = '{upper}'"))
        assert [twin.device_id for twin in found.items] == [upper]
        api.delete_device(upper)
        assert registry.get_device(lower).device_id == lower
    finally:
        api.delete(f"/devices/{lower}", headers={"If-Match": "*"})


def test_r36_an_entry_creates_the_queue_and_the_twin_and_takes_them_along(api, new_id, python_device):
    # Given an identity that was never connected.
    device = api.create_device(new_id())
    assert api.patch(f"/twins/{device.device_id}", json={"tags": {"site": "north"}}).status_code == 200
    # When messages are sent to it, then up to 50 are queued …
    for number in range(50):
        assert api.send_to_device(device.device_id, f"{number}").status_code == 204
    assert api.send_to_device(device.device_id, "one too many").status_code == 403
    # … and delivered at its first connection, in order.
    client = python_device(device)
    client.receive_messages()
    client.client.connect()
    eventually(lambda: len(client.messages) == 50, 15, "all 50 messages arrive")
    assert [message.data for message in client.messages] == [f"{number}".encode() for number in range(50)]
    client.client.disconnect()
    # Deletion takes queue and twin: nothing of them is there when the id is used again.
    assert api.send_to_device(device.device_id, "for the predecessor").status_code == 204
    api.delete_device(device.device_id)
    assert_classic_error(api.get(f"/twins/{device.device_id}"), 404, "DeviceNotFound")
    successor = api.create_device(device.device_id)
    assert api.device(device.device_id)["cloudToDeviceMessageCount"] == 0
    assert api.twin(device.device_id).get("tags", {}) == {}
    assert api.send_to_device(device.device_id, "for the successor").status_code == 204
    client = python_device(successor)
    client.receive_messages()
    client.client.connect()
    eventually(lambda: client.messages, 10, "the successor's message arrives")
    assert [message.data for message in client.messages] == [b"for the successor"]


def test_r37_the_registry_keeps_no_metadata_and_filters_nothing(api, new_id):
    # Given identities, one of them sent with members that are no identity's.
    device_id = new_id()
    sent = {"deviceId": device_id, "tags": {"site": "north"}, "properties": {"desired": {"a": 1}}, "owner": "me"}
    created = api.put(f"/devices/{device_id}", json=sent)
    assert created.status_code == 200, created.text
    # Then those are not stored, in the identity as little as in its twin.
    for document in (created.json(), api.device(device_id)):
        assert not {"tags", "properties", "owner"} & set(document)
    twin = api.twin(device_id)
    assert twin.get("tags", {}) == {} and "a" not in twin["properties"]["desired"]
    # When the list is asked with a filter, then it is the plain list.
    plain = api.get("/devices").json()
    filtered = api.get("/devices?$filter=status%20eq%20'disabled'")
    assert filtered.status_code == 200
    assert [one["deviceId"] for one in filtered.json()] == [one["deviceId"] for one in plain]
    assert device_id in [one["deviceId"] for one in plain]
    # Metadata has its place in the twin.
    assert api.patch(f"/twins/{device_id}", json={"tags": {"site": "north"}}).json()["tags"] == {"site": "north"}


def test_r38_a_list_has_at_most_a_thousand(api, registry):
    # Given 1,500 identities.
    prefix = f"list-{uuid.uuid4().hex[:8]}"
    names = [f"{prefix}-{number:04}" for number in range(1500)]
    bulk(api, [{"id": name, "importMode": "create"} for name in names])
    try:
        # When 1,500 are asked for, then at most 1,000 come, and they are the first ones.
        listed = api.get("/devices", parameters={"top": "1500"}).json()
        assert len(listed) == 1000
        ids = [device["deviceId"] for device in listed]
        assert ids == sorted(ids)
        assert len(registry.get_devices(1000)) == 1000
        assert len(registry.get_devices(999)) == 999
        # Create, update, get and delete work for those that the list leaves out.
        last = names[-1]
        assert last not in ids
        registry.update_device_with_sas(last, registry.get_device(last).etag, "", "", "disabled")
        assert registry.get_device(last).status == "disabled"
        registry.delete_device(last)
        assert api.get(f"/devices/{last}").status_code == 404
        names.pop()
    finally:
        bulk(api, [{"id": name, "importMode": "delete"} for name in names])


def test_r39_the_second_writer_with_the_same_etag_loses_unless_it_forces(registry, new_id):
    # Given two writers who read the same identity.
    device_id = new_id()
    first = registry.create_device_with_sas(device_id, "", "", "enabled")
    keys = first.authentication.symmetric_key

    def write(etag, reason):
        return registry.update_device_with_sas(device_id, etag, keys.primary_key, keys.secondary_key, "enabled", status_reason=reason)

    write(first.etag, "first writer")
    # When the second writes with the etag it knows, then 412, and nothing changed.
    with pytest.raises(HttpOperationError) as stale:
        write(first.etag, "second writer")
    assert stale.value.response.status_code == 412
    assert registry.get_device(device_id).status_reason == "first writer"
    # `*`, which this SDK sends without an etag, forces.
    assert write(None, "second writer").status_reason == "second writer"


def test_r44_a_subscriber_of_lifecycle_events_can_fill_its_store(api, registry, new_id, hub_event_routes):
    # Given a subscriber of lifecycle events; the built-in endpoint's reader stands for any endpoint.
    device_id = new_id()
    subscriber = EventReader(api, deviceId=device_id, source="deviceLifecycleEvents")
    # When an identity is created with an initial twin, knowing no more than its id and keys.
    item = ExportImportDevice(
        id=device_id, import_mode="create", status="enabled", tags={"owner": "ACME", "floor": 3}, properties={"desired": {"rate": 5}}
    )
    assert registry.bulk_create_or_update_devices([item]).is_successful
    # Then the subscriber gets `createDeviceIdentity` with all it needs for its own store.
    (event,) = subscriber.take(1)
    assert event["applicationProperties"]["opType"] == "createDeviceIdentity"
    store = {event["applicationProperties"]["deviceId"]: event["body"]}
    assert store[device_id]["tags"] == {"owner": "ACME", "floor": 3}
    assert store[device_id]["properties"]["desired"]["rate"] == 5
    assert registry.get_device(device_id).authentication.symmetric_key.primary_key


def test_r48_lifecycle_events_come_only_through_a_route(api, new_id):
    device_id = new_id()
    subscriber = EventReader(api, deviceId=device_id, source="deviceLifecycleEvents")
    # Given no route, when a device is created and deleted, then nothing comes.
    api.create_device(device_id)
    api.delete_device(device_id)
    # Given a route, when it is created and deleted again …
    answer = api.put("/api/v1/routes/life", json={"source": "DeviceLifecycleEvents"})
    assert answer.status_code in (200, 201), answer.text
    try:
        began = time.time()
        api.create_device(device_id)
        assert api.patch(f"/twins/{device_id}", json={"tags": {"site": "north"}}).status_code == 200
        api.set_status(device_id, "disabled")
        api.delete_device(device_id)
        # … then exactly these two events, with nothing from before: the log keeps their order.
        created, deleted = subscriber.take(2)
        assert subscriber.drain() == []
    finally:
        assert api.delete("/api/v1/routes/life").status_code == 204
    for event, operation in ((created, "createDeviceIdentity"), (deleted, "deleteDeviceIdentity")):
        properties, system = event["applicationProperties"], event["systemProperties"]
        assert properties["opType"] == operation
        assert properties["deviceId"] == device_id
        assert properties["hubName"]
        assert properties["iothub-message-schema"] == "deviceLifecycleNotification"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", properties["operationTimestamp"])
        assert system["content-type"] == "application/json" and system["content-encoding"] == "utf-8"
        assert system["iothub-connection-device-id"] == device_id
        assert system["iothub-message-source"] == "deviceLifecycleEvents"
        assert system["iothub-enqueuedtime"] >= (began - 5) * 1000
        assert system["correlation-id"] and system["user-id"]
        assert event["body"]["deviceId"] == device_id
        assert {"etag", "version", "properties"} <= set(event["body"])
    assert created["body"]["version"] == 2
    for section in ("desired", "reported"):
        assert created["body"]["properties"][section] == {"$metadata": {"$lastUpdated": "0001-01-01T00:00:00Z"}, "$version": 1}
    assert deleted["body"]["tags"] == {"site": "north"}, "the last twin"


def test_r49_ids_with_every_special_character_and_128_characters(api, new_id):
    # Given ids at the limits of the grammar, when created, then accepted …
    begin = new_id("s")
    for device_id in (begin + SPECIAL, (begin + SPECIAL).ljust(128, "x")):
        path = f"/devices/{quote(device_id, safe='')}"
        try:
            created = api.put(path, json={"deviceId": device_id})
            assert created.status_code == 200, created.text
            assert api.device(device_id)["deviceId"] == device_id
            assert api.twin(device_id)["deviceId"] == device_id
        finally:
            api.delete(path, headers={"If-Match": "*"})
    # … and refused beyond.
    device_id = begin.ljust(129, "x")
    assert_classic_error(api.put(f"/devices/{device_id}", json={"deviceId": device_id}), 400, "ArgumentInvalid")
    for outside in ("/", " ", "\\", "~", "ä", "\u0000"):
        device_id = f"{begin}{outside}"
        answer = api.put(f"/devices/{quote(device_id, safe='')}", json={"deviceId": device_id})
        assert_classic_error(answer, 400, "ArgumentInvalid")


def test_r49_a_status_reason_has_at_most_128_characters(api, device):
    shown = api.device(device.device_id)
    for reason in ("r" * 128, "ä" * 128):
        assert api.replace_device({**shown, "statusReason": reason})["statusReason"] == reason
    answer = api.put(f"/devices/{device.device_id}", json={**shown, "statusReason": "r" * 129}, headers={"If-Match": "*"})
    assert_classic_error(answer, 400, "ArgumentInvalid")
    assert api.device(device.device_id)["statusReason"] == "ä" * 128


def test_r49_another_generation_after_re_creation(api, new_id):
    device_id = new_id()
    api.create_device(device_id)
    first = api.device(device_id)["generationId"]
    assert api.set_status(device_id, "disabled")["generationId"] == first, "an update is no new generation"
    api.delete_device(device_id)
    api.create_device(device_id)
    assert api.device(device_id)["generationId"] != first


def test_r49_etag_and_times_are_maintained(api, device, python_device):
    # Given a new identity: no time is known yet.
    created = api.device(device.device_id)
    times = ("statusUpdatedTime", "connectionStateUpdatedTime", "lastActivityTime")
    assert [created[name][:19] for name in times] == [NEVER] * 3
    # When its status changes, then etag and time of the status move.
    disabled = api.set_status(device.device_id, "disabled")
    enabled = api.set_status(device.device_id, "enabled")
    assert len({created["etag"], disabled["etag"], enabled["etag"]}) == 3
    assert NEVER < disabled["statusUpdatedTime"] <= enabled["statusUpdatedTime"]
    # When it connects and sends, then the other two move, and the etag does not.
    client = python_device()
    client.client.connect()
    connected = api.wait_for_state(device.device_id, "Connected")
    assert connected["connectionStateUpdatedTime"] > enabled["statusUpdatedTime"]
    client.client.send_message("alive")

    def active():
        shown = api.device(device.device_id)
        return shown if shown["lastActivityTime"] > NEVER + "Z" else None

    shown = eventually(active, 15, "the activity is noted")
    assert shown["lastActivityTime"] >= enabled["statusUpdatedTime"]
    assert (shown["etag"], shown["statusUpdatedTime"]) == (enabled["etag"], enabled["statusUpdatedTime"])
    client.client.disconnect()
    gone = api.wait_for_state(device.device_id, "Disconnected")
    assert gone["connectionStateUpdatedTime"] > connected["connectionStateUpdatedTime"]


def test_r49_only_a_session_makes_a_device_connected(api, device, events, wire_session):
    # Over HTTPS there is no session: what is sent arrives, and the state stays.
    assert send_over_https(api, device.device_id, device.token()).status_code == 204
    events.take(1)
    assert api.device(device.device_id)["connectionState"] == "Disconnected"
    wire_session().expect_alive()
    assert api.wait_for_state(device.device_id, "Connected")
