"""paho 1.6.1 and npm `mqtt` 5 as hand-written devices use them (device.md §10.4)."""

import os
import queue
import socket
import ssl
import time

import paho.mqtt.client as paho
import pytest

from harness.node_agent import NodeError
from harness.rest import body_of
from harness.waiting import eventually, let_time_pass

ANSWER_SECONDS = 10


class PahoDevice:
    """paho with its callbacks turned into queues."""

    def __init__(self, credentials, port, *, ca_file=None, clean=False, keep_alive=60, will=None, password=None):
        self.is_cut = False
        self.connected: queue.Queue = queue.Queue()
        self.granted: queue.Queue = queue.Queue()
        self.acknowledged: queue.Queue = queue.Queue()
        self.received: queue.Queue = queue.Queue()
        self.ended: queue.Queue = queue.Queue()
        self.client = paho.Client(client_id=credentials.client_id, clean_session=clean, protocol=paho.MQTTv311, transport="websockets")
        self.client.ws_set_options(path="/$iothub/websocket")
        self.client.username_pw_set(credentials.user_name, password or credentials.token())
        if ca_file:
            self.client.tls_set_context(ssl.create_default_context(cafile=ca_file))
        if will:
            self.client.will_set(*will)
        self.client.on_connect = lambda _c, _u, flags, code: self.connected.put((code, flags["session present"]))
        self.client.on_subscribe = lambda _c, _u, _mid, codes: self.granted.put(list(codes))
        self.client.on_publish = lambda _c, _u, mid: self.acknowledged.put(mid)
        self.client.on_message = lambda _c, _u, message: self.received.put(message)
        self.client.on_disconnect = lambda _c, _u, code: self.ended.put(code)
        self.client.reconnect_delay_set(min_delay=60, max_delay=60)
        self.client.connect("localhost", port, keepalive=keep_alive)
        self.client.loop_start()

    def session(self) -> int:
        """Demands a successful CONNACK and gives "session present"."""
        code, present = self.connected.get(timeout=ANSWER_SECONDS)
        assert code == 0, f"CONNACK {code}"
        return present

    def subscribe(self, name: str, qos: int) -> int:
        self.client.subscribe(name, qos)
        return self.granted.get(timeout=ANSWER_SECONDS)[0]

    def publish(self, topic: str, body: bytes, qos: int = 1) -> None:
        self.client.publish(topic, body, qos)
        self.acknowledged.get(timeout=ANSWER_SECONDS)

    def next_message(self):
        return self.received.get(timeout=ANSWER_SECONDS)

    def stop(self) -> None:
        if self.is_cut:
            return
        self.client.disconnect()
        self.client.loop_stop()

    def cut(self) -> None:
        """The connection ends without DISCONNECT."""
        self.is_cut = True
        self.client.loop_stop()
        # paho wraps the socket twice; the descriptor is the same.
        with socket.socket(fileno=os.dup(self.client.socket().fileno())) as descriptor:
            descriptor.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def paho_device(hub, device):
    made = []

    def make(of=device, *, tls=True, **options):
        port, ca_file = (hub.https_port, hub.ca_file) if tls else (hub.port, None)
        made.append(PahoDevice(of, port, ca_file=ca_file, **options))
        return made[-1]

    yield make
    for client in made:
        client.stop()


@pytest.mark.parametrize("tls", [True, False], ids=["TLS", "plain"])
def test_paho_does_everything_a_device_does(paho_device, api, device, events, tls):
    client = paho_device(tls=tls)
    assert client.session() == 0
    base = f"devices/{device.device_id}/messages"
    assert client.subscribe(f"{base}/devicebound/#", 1) == 1
    assert client.subscribe("$iothub/twin/res/#", 0) == 0
    assert client.subscribe("$iothub/twin/PATCH/properties/desired/#", 0) == 0
    assert client.subscribe("$iothub/methods/POST/#", 0) == 0
    assert client.subscribe("another/topic", 0) == 0x80

    client.publish(f"{base}/events/level=high&%24.ct=application%2Fjson&%24.ce=utf-8", b'{"t":1}')
    event = events.take(1)[0]
    assert (event["body"], event["applicationProperties"]) == ({"t": 1}, {"level": "high"})

    client.publish("$iothub/twin/GET/?$rid=1", b"")
    assert client.next_message().topic == "$iothub/twin/res/200/?$rid=1"
    api.patch_desired(device.device_id, {"a": 1})
    assert client.next_message().topic == "$iothub/twin/PATCH/properties/desired/?$version=2"
    assert api.send_to_device(device.device_id, b"down").status_code == 204
    message = client.next_message()
    assert (message.payload, message.qos) == (b"down", 1)

    client.client.on_message = lambda c, _u, call: c.publish(
        call.topic.replace("POST/ping/?", "res/200/?"), call.payload, 0
    )
    assert api.call_method(device.device_id, "ping", {"n": 1}).json() == {"status": 200, "payload": {"n": 1}}


def test_paho_sees_its_session_again(paho_device, device):
    first = paho_device()
    assert first.session() == 0
    first.subscribe(f"devices/{device.device_id}/messages/devicebound/#", 1)
    first.stop()
    assert paho_device().session() == 1


def test_paho_will(paho_device, device, events):
    topic = f"devices/{device.device_id}/messages/events/kind=last"
    client = paho_device(will=(topic, b"gone", 1))
    client.session()
    client.cut()
    event = events.take(1)[0]
    assert body_of(event) == b"gone"
    assert event["applicationProperties"] == {"kind": "last", "iothub-MessageType": "Will"}


def test_paho_is_refused_with_code_5(paho_device, device):
    client = paho_device(password=device.token(key="AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="))
    assert client.connected.get(timeout=ANSWER_SECONDS)[0] == 5


@pytest.mark.parametrize(
    ("topic", "size", "qos"),
    [("devices/{id}/messages/events/", 1, 2), ("foo/bar", 1, 1), ("devices/{id}/messages/events/", 262_145, 1)],
    ids=["QoS 2", "unknown topic", "one byte too many"],
)
def test_paho_is_closed(paho_device, device, topic, size, qos):
    client = paho_device()
    client.session()
    client.client.publish(topic.format(id=device.device_id), bytes(size), qos)
    assert client.ended.get(timeout=ANSWER_SECONDS) != 0
    assert client.acknowledged.empty()


def test_paho_pings_keep_it_connected(paho_device, device, events):
    client = paho_device(keep_alive=2)
    client.session()
    let_time_pass(7, "keep-alive: paho's own pings over three intervals")
    client.publish(f"devices/{device.device_id}/messages/events/", b"alive")
    assert client.ended.empty()
    events.take(1)


@pytest.fixture
def mqttjs(hub, device, node_agent):
    """npm `mqtt` connected as this test's device."""

    def open_one(**options):
        agent = node_agent("mqtt_client.mjs")
        result = agent.call(
            "open",
            **{
                "url": f"wss://localhost:{hub.https_port}/$iothub/websocket", "caFile": hub.ca_file, "hostName": "localhost",
                "clientId": device.client_id, "username": device.user_name, "password": device.token(), **options,
            },
        )  # fmt: skip
        return agent, result

    return open_one


def test_mqttjs_does_everything_a_device_does(mqttjs, api, device, events):
    agent, result = mqttjs()
    assert result == {"sessionPresent": False}
    base = f"devices/{device.device_id}/messages"
    assert agent.call("subscribe", filter=f"{base}/devicebound/#", qos=1) == [1]
    assert agent.call("subscribe", filter="$iothub/twin/res/#", qos=0) == [0]
    assert agent.call("subscribe", filter="$iothub/methods/POST/#", qos=0) == [0]

    agent.call("publish", topic=f"{base}/events/a%20b=x%2Fy", payload="t", qos=1)
    event = events.take(1)[0]
    assert (body_of(event), event["applicationProperties"]) == (b"t", {"a b": "x/y"})
    agent.call("publish", topic="$iothub/twin/GET/?$rid=7", payload=" ", qos=1)
    assert agent.wait_for("message", lambda message: message["topic"] == "$iothub/twin/res/200/?$rid=7")["qos"] == 0
    assert api.send_to_device(device.device_id, b"down").status_code == 204
    delivered = agent.wait_for("message", lambda message: "devicebound" in message["topic"])
    assert (delivered["payload"], delivered["qos"], delivered["dup"]) == ("down", 1, False)


def test_mqttjs_sees_its_session_again_without_subscribing(mqttjs, api, device):
    agent, _ = mqttjs(reconnectPeriod=200)
    agent.call("subscribe", filter=f"devices/{device.device_id}/messages/devicebound/#", qos=1)
    agent.call("dropSocket")
    eventually(lambda: len(agent.named("connect")) == 2, ANSWER_SECONDS, "mqtt.js connects again")
    assert agent.named("connect")[1] == {"sessionPresent": True}
    assert api.send_to_device(device.device_id, b"again").status_code == 204
    assert agent.wait_for("message")["payload"] == "again"


def test_mqttjs_is_refused_with_code_5(mqttjs, device):
    with pytest.raises(NodeError) as refused:
        mqttjs(password=device.token(key="AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="))
    assert refused.value.message.startswith("5 "), refused.value.message


def test_both_clients_on_one_identity(mqttjs, paho_device, device, events):
    """The newest wins, whatever client it is."""
    first = paho_device()
    first.session()
    agent, _ = mqttjs()
    assert first.ended.get(timeout=ANSWER_SECONDS) != 0
    started = time.monotonic()
    agent.call("publish", topic=f"devices/{device.device_id}/messages/events/", payload="js", qos=1)
    assert time.monotonic() - started < 5
    assert body_of(events.take(1)[0]) == b"js"
