"""Endpoints that are queues of the deployment (`query-routing-events.md` §3.2), with the runtime's own queue and a
worker that consumes it."""

import json
import os
import secrets
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

from conftest import PUBLIC_NAME
from harness.hub_process import ROOT, free_port
from harness.receiver import Receiver
from harness.rest import RestApi
from harness.tokens import ConnectionString
from harness.waiting import eventually
from test_routing import put_routing, send

SCRIPT = ROOT / "tests" / "conformance" / "node" / "queue_hub.mjs"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver().start()
    yield made
    made.stop()


@pytest.fixture
def api(tmp_path: Path, receiver: Receiver) -> Iterator[RestApi]:
    """A hub with the queue `alarms`, whose messages come to the receiver."""
    environment = {"SKERRY_NODE_MODULES": str(ROOT / "xtask" / "node" / "node_modules"), **os.environ}
    settings = {
        "state": str(tmp_path), "verbose": False, "worker": str(ROOT / "worker" / "build"),
        "assets": str(ROOT / "console" / "dist"), "bind": "127.0.0.1", "port": free_port(),
        "gateways": 1, "shards": 1, "partitions": 2, "hostNames": [PUBLIC_NAME], "allowedHosts": [],
        "bootstrapSecret": secrets.token_hex(16), "receiver": receiver.url,
    }  # fmt: skip
    process = subprocess.Popen(["node", str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        process.stdin.write(json.dumps(settings) + "\n")
        process.stdin.flush()
        told = json.loads(process.stdout.readline())
        owner = ConnectionString.parse(told["connectionString"])
        yield RestApi(told["url"], owner, PUBLIC_NAME, keep_alive=False)
    finally:
        process.stdin.close()
        process.wait(timeout=20)


def queue(name: str, **more) -> dict:
    return {"queues": [{"name": "alarm-queue", "queueName": name, "batch": {"maxSeconds": 0}, **more}]}


def test_events_come_out_of_a_queue_in_order(api: RestApi, receiver: Receiver):
    routes = [{"name": "hot", "source": "DeviceMessages", "condition": "$body.t > 50", "endpointNames": ["alarm-queue"]}]
    shown = put_routing(api, endpoints=queue("alarms"), routes=routes)
    assert shown["endpoints"]["queues"] == [
        {"name": "alarm-queue", "queueName": "alarms", "format": "hub", "batch": {"maxEvents": 100, "maxSeconds": 0}}
    ]
    device = api.create_device()
    for t in range(40, 61):
        send(api, device, {"t": t}, level="high")
    taken = eventually(lambda: receiver.events if len(receiver.events) >= 10 else None, 20, "the queue hands them on")
    assert [event["body"]["t"] for event in taken] == list(range(51, 61))
    assert taken[0]["deviceId"] == device.device_id
    assert taken[0]["applicationProperties"] == {"level": "high"}
    health = api.get("/api/v1/routing/endpoints/health").json()["value"]
    assert [(entry["endpointId"], entry["healthStatus"]) for entry in health] == [("alarm-queue", "healthy")], health


def test_what_is_too_large_for_a_queue_is_a_dead_letter_and_holds_up_nobody(api: RestApi, receiver: Receiver):
    routes = [{"name": "all", "source": "DeviceMessages", "condition": "true", "endpointNames": ["alarm-queue"]}]
    put_routing(api, endpoints=queue("alarms", format="cloudEvents"), routes=routes)
    device = api.create_device()
    send(api, device, {"n": 1})
    send(api, device, {"n": 2, "picture": "x" * 200_000})
    send(api, device, {"n": 3})
    taken = eventually(lambda: receiver.events if len(receiver.events) >= 2 else None, 20, "the others come")
    assert [event["data"]["body"]["n"] for event in taken] == [1, 3]
    letters = api.get("/api/v1/routing/endpoints/alarm-queue/dead-letters").json()["value"]
    assert [(letter["reason"], letter["event"]["body"]["n"]) for letter in letters] == [("status 413", 2)], letters


def test_a_queue_that_nobody_has_bound_is_refused(api: RestApi):
    for name, part in (("tickets", "QUEUE_ALARMS"), ("Alarms", "lower-case"), ("", "lower-case")):
        answer = api.put("/api/v1/routing", json={"routing": {"endpoints": queue(name)}})
        assert answer.status_code == 400, answer.text
        assert part in answer.text
    # A webhook is no way into a queue.
    url = {"webhooks": [{"name": "outside", "url": "queue://alarms"}]}
    assert api.put("/api/v1/routing", json={"routing": {"endpoints": url}}).status_code == 400
