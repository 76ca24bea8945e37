"""Routes, webhooks, files and subscriptions (`query-routing-events.md` §3, §5.2) with a receiver outside of the hub:
down and up again, slow, refusing, and the hub itself killed in between."""

import json
import threading
import time
import uuid
from collections import defaultdict
from typing import Iterator

import pytest
import requests

from conftest import PUBLIC_NAME
from harness.hub_process import HubProcess
from harness.receiver import Receiver
from harness.rest import RestApi
from harness.tokens import DeviceCredentials
from harness.waiting import eventually, let_time_pass
from test_import_export import sign

SECRET = "a-secret-of-this-test"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver(SECRET).start()
    yield made
    made.stop()


@pytest.fixture
def routed(own_hub, receiver: Receiver) -> tuple[HubProcess, RestApi]:
    """A hub that may send to the receiver, and knows its secret."""
    hub = own_hub("--allow-host", receiver.host)
    api = api_of(hub)
    assert api.put("/api/v1/throttles", json={"units": 1000}).status_code == 200
    assert api.put("/api/v1/secrets/key", json={"value": SECRET}).status_code == 200
    return hub, api


def api_of(hub: HubProcess) -> RestApi:
    return RestApi(hub.url, hub.owner, PUBLIC_NAME, keep_alive=False)


def put_routing(api: RestApi, **routing) -> dict:
    answer = api.put("/api/v1/routing", json={"routing": routing})
    assert answer.status_code == 200, answer.text
    return answer.json()["routing"]


def webhook(receiver: Receiver, **more) -> dict:
    return {"webhooks": [{"name": "outside", "url": receiver.url, "secretRef": "key", "batch": {"maxSeconds": 1}, **more}]}


def send(api: RestApi, device: DeviceCredentials, body: object, **properties: str) -> None:
    """A message over HTTPS, as a constrained device sends it."""
    headers = {"iothub-contenttype": "application/json", "iothub-contentencoding": "utf-8", "authorization": device.token()}
    headers |= {f"iothub-app-{name}": value for name, value in properties.items()}
    url = f"{api.base_url}/devices/{device.device_id}/messages/events?api-version=2021-04-12"
    answer = requests.post(url, data=json.dumps(body), headers=headers, timeout=30)
    assert answer.status_code == 204, answer.text


def health(api: RestApi, name: str = "outside") -> dict:
    answer = api.get("/api/v1/routing/endpoints/health")
    assert answer.status_code == 200, answer.text
    return next(endpoint for endpoint in answer.json()["value"] if endpoint["endpointId"] == name)


def built_in(api: RestApi) -> list[dict]:
    return api.get("/api/v1/events?from=earliest&max=1000").json()["events"]


def numbers(events: list[dict]) -> dict[str, list[int]]:
    """Bodies by device, each once, in the order in which they first came."""
    found: dict[str, list[int]] = defaultdict(list)
    for event in events:
        if event["body"] not in found[event["deviceId"]]:
            found[event["deviceId"]].append(event["body"])
    return dict(found)


def test_messages_go_where_routes_send_them(routed, receiver):
    _, api = routed
    device = api.create_device()
    api.patch(f"/twins/{device.device_id}", json={"tags": {"site": "s1"}}, headers={"If-Match": "*"})
    shown = put_routing(
        api,
        endpoints=webhook(receiver),
        routes=[
            {"name": "hot", "source": "DeviceMessages", "condition": "$body.t > 90", "endpointNames": ["outside"]},
            {"name": "site", "source": "DeviceMessages", "condition": "$twin.tags.site = 's1' AND level = 'high'", "endpointNames": ["outside"]},
            {"name": "twins", "source": "TwinChangeEvents", "endpointNames": ["outside"]},
        ],
        enrichments=[{"key": "site", "value": "$twin.tags.site", "endpointNames": ["outside"]}],
    )
    assert shown["endpoints"]["webhooks"][0]["status"] == "active"
    send(api, device, {"t": 93})
    send(api, device, {"t": 20})
    send(api, device, {"t": 21}, level="high")
    api.patch(f"/twins/{device.device_id}", json={"properties": {"desired": {"rate": 5}}}, headers={"If-Match": "*"})
    eventually(lambda: len(receiver.events) >= 3, 20, "three events come")
    by_source = defaultdict(list)
    for event in receiver.events:
        by_source[event["source"]].append(event)
    assert [event["body"] for event in by_source["Telemetry"]] == [{"t": 93}, {"t": 21}]
    assert all(event["applicationProperties"]["site"] == "s1" for event in receiver.events)
    assert by_source["twinChangeEvents"][0]["body"]["properties"]["desired"]["rate"] == 5
    assert [event["body"] for event in built_in(api)] == [{"t": 20}], "what a custom route takes is not in the built-in endpoint"
    assert receiver.requests[0]["path"] == "/events?from=hub"


def test_a_receiver_that_is_down_for_a_minute_gets_everything_in_order(routed, receiver):
    _, api = routed
    devices = [api.create_device() for _ in range(4)]
    put_routing(
        api, endpoints=webhook(receiver), routes=[{"name": "all", "source": "DeviceMessages", "endpointNames": ["outside"]}]
    )
    receiver.stop()
    stopped = time.monotonic()
    sent = 0
    while time.monotonic() - stopped < 60:
        for device in devices:
            send(api, device, sent)
        sent += 1
        let_time_pass(0.5, "messages come now and then")
    failing = health(api)
    assert (failing["healthStatus"], failing["delivered"]) == ("unhealthy", 0)
    assert failing["lastKnownError"].startswith("Transient")
    receiver.start()
    eventually(lambda: len(receiver.events) >= sent * len(devices), 120, "everything comes")
    assert numbers(receiver.events) == {device.device_id: list(range(sent)) for device in devices}
    assert len(receiver.events) == sent * len(devices), "nothing came twice"
    eventually(lambda: health(api)["healthStatus"] == "healthy", 10, "the endpoint is well")


def test_kill_9_with_undelivered_events_loses_none(routed, receiver):
    hub, api = routed
    devices = [api.create_device() for _ in range(3)]
    put_routing(
        api, endpoints=webhook(receiver), routes=[{"name": "all", "source": "DeviceMessages", "endpointNames": ["outside"]}]
    )
    receiver.answer = lambda: (503, {})
    for number in range(40):
        for device in devices:
            send(api, device, number)
    eventually(lambda: receiver.requests, 10, "the receiver is asked")
    hub.kill_workerd()
    receiver.answer = lambda: (200, {})
    receiver.requests.clear()
    hub.start()
    eventually(lambda: len(receiver.events) >= 120, 90, "everything comes")
    assert numbers(receiver.events) == {device.device_id: list(range(40)) for device in devices}

    # Once more, while requests are taken: what comes twice is what nobody knew of.
    taken = threading.Event()

    def slowly() -> tuple[int, dict]:
        taken.set()
        time.sleep(0.2)
        return 200, {}

    receiver.answer = slowly
    receiver.requests.clear()
    taken.clear()
    api = api_of(hub)
    for number in range(100, 140):
        for device in devices:
            send(api, device, number)
    assert taken.wait(20)
    hub.kill_workerd()
    hub.start()
    expected = {device.device_id: list(range(100, 140)) for device in devices}
    eventually(lambda: numbers(receiver.events) == expected, 90, "everything comes, in order")


def test_retry_after_is_respected_and_invalid_events_become_dead_letters(routed, receiver):
    _, api = routed
    device = api.create_device()
    body = {"url": receiver.url, "secretRef": "key", "sources": ["DeviceMessages"], "batch": {"maxEvents": 1, "maxSeconds": 0}}
    created = api.put("/api/v1/subscriptions/mine", json=body)
    assert (created.status_code, created.json()["status"]) == (201, "active"), created.text
    asked: list[float] = []

    def busy() -> tuple[int, dict]:
        asked.append(time.monotonic())
        return (429, {"retry-after": "3"}) if len(asked) < 3 else (422, {})

    receiver.answer = busy
    send(api, device, {"n": 1})
    eventually(lambda: len(asked) >= 3, 30, "it is tried again")
    assert all(later - earlier >= 2.9 for earlier, later in zip(asked, asked[1:])), asked

    def letters() -> list[dict]:
        return api.get("/api/v1/routing/endpoints/mine/dead-letters").json()["value"]

    found = eventually(letters, 10, "there is a dead letter")
    assert (found[0]["event"]["body"], found[0]["reason"]) == ({"n": 1}, "status 422")
    receiver.answer = lambda: (200, {})
    again = api.post(f"/api/v1/routing/endpoints/mine/dead-letters/resend?id={found[0]['id']}")
    assert again.json() == {"count": 1}
    eventually(lambda: [event["body"] for event in receiver.events] == [{"n": 1}], 10, "it comes")
    assert letters() == []
    # A subscription takes nothing away from the built-in endpoint.
    assert [event["body"] for event in built_in(api)] == [{"n": 1}]
    assert api.delete("/api/v1/subscriptions/mine").status_code == 204


def test_r44_a_lifecycle_event_lets_another_store_be_filled(routed, receiver):
    _, api = routed
    body = {"url": receiver.url, "secretRef": "key", "sources": ["DeviceLifecycleEvents"], "format": "eventGrid", "batch": {"maxSeconds": 0}}
    assert api.put("/api/v1/subscriptions/store", json=body).status_code == 201
    item = {"id": f"new-{uuid.uuid4().hex[:8]}", "importMode": "create", "status": "enabled", "tags": {"site": "s9"}}
    assert api.post("/devices", json=[item]).status_code == 200
    created = eventually(lambda: receiver.events, 20, "the store hears of it")[0]
    assert created["eventType"] == "Microsoft.Devices.DeviceCreated"
    assert created["subject"] == f"devices/{item['id']}"
    assert created["data"]["twin"]["tags"] == {"site": "s9"}
    assert created["data"]["deviceId"] == item["id"]


def test_cloud_events_come_as_a_batch(routed, receiver):
    _, api = routed
    device = api.create_device()
    body = {"url": receiver.url, "secretRef": "key", "sources": ["DeviceMessages"], "format": "cloudEvents", "batch": {"maxSeconds": 1}}
    assert api.put("/api/v1/subscriptions/cloud", json=body).status_code == 201
    send(api, device, {"t": 1})
    event = eventually(lambda: receiver.events, 20, "it comes")[0]
    assert receiver.requests[0]["headers"]["content-type"].startswith("application/cloudevents-batch+json")
    assert (event["specversion"], event["type"]) == ("1.0", "Microsoft.Devices.DeviceTelemetry")
    assert event["data"]["body"] == {"t": 1}


def test_files_are_written_to_the_hubs_own_store(routed):
    _, api = routed
    device = api.create_device()
    container = f"archive-{uuid.uuid4().hex[:8]}"
    put_routing(
        api,
        endpoints={"storageContainers": [{"name": "archive", "containerName": container, "batchFrequencyInSeconds": 60}]},
        routes=[{"name": "all", "source": "DeviceMessages", "endpointNames": ["archive"]}],
    )
    send(api, device, {"t": 93}, level="critical")
    send(api, device, {"t": 94})
    url = sign(api, container, "rl")
    where, signature = url.split("?", 1)

    def names() -> list[str]:
        listing = requests.get(f"{where}?restype=container&comp=list&{signature}", timeout=10)
        assert listing.status_code == 200, listing.text
        return [part.split("</Name>")[0] for part in listing.text.split("<Name>")[1:]]

    found = eventually(names, 90, "a file is written")
    assert len(found) == 1 and found[0].startswith("myhub/") and found[0].count("/") == 6, found
    content = requests.get(f"{where}/{found[0]}?{signature}", timeout=10).text
    lines = [json.loads(line) for line in content.splitlines()]
    assert [line["Body"] for line in lines] == [{"t": 93}, {"t": 94}]
    assert lines[0]["Properties"] == {"level": "critical"}
    assert lines[0]["SystemProperties"]["connectionDeviceId"] == device.device_id
    assert health(api, "archive")["healthStatus"] == "healthy"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "https://127.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://localhost/",
        "https://metadata.google.internal/",
        "https://printer.local/",
        "https://a.example:8443/",
        "https://user@a.example/",
        "ftp://a.example/",
    ],
)
def test_no_request_leaves_to_where_the_operator_did_not_allow(api: RestApi, url: str):
    answer = api.put("/api/v1/subscriptions/ssrf", json={"url": url, "sources": ["DeviceMessages"]})
    assert answer.status_code == 400, answer.text
    assert api.get("/api/v1/subscriptions/ssrf").status_code == 404


def test_a_redirect_is_not_followed(routed, receiver):
    _, api = routed
    device = api.create_device()
    elsewhere = Receiver().start()
    try:
        put_routing(
            api, endpoints=webhook(receiver), routes=[{"name": "all", "source": "DeviceMessages", "endpointNames": ["outside"]}]
        )
        receiver.answer = lambda: (307, {"location": elsewhere.url})
        send(api, device, {"n": 1})
        eventually(lambda: len(receiver.requests) >= 2, 20, "it is tried again where it was put")
        assert elsewhere.requests == []
    finally:
        elsewhere.stop()


def test_who_does_not_agree_stays_pending(routed, receiver):
    _, api = routed
    device = api.create_device()
    receiver.validates = False
    body = {"url": receiver.url, "secretRef": "key", "sources": ["DeviceMessages"], "batch": {"maxSeconds": 0}}
    assert api.put("/api/v1/subscriptions/shy", json=body).json()["status"] == "pending"
    send(api, device, {"n": 1})
    assert api.post("/api/v1/routing/endpoints/shy/validate").status_code == 400
    assert receiver.requests == []
    receiver.validates = True
    assert api.post("/api/v1/routing/endpoints/shy/validate").json()["status"] == "active"
    eventually(lambda: [event["body"] for event in receiver.events] == [{"n": 1}], 10, "what waited comes")
