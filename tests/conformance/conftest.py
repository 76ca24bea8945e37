"""One hub for the whole run, and short-lived devices for each test."""

import os
import random
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

# The hub is on the loopback interface; a proxy of the surroundings must not get in between.
for _name in ("http_proxy", "https_proxy", "all_proxy", "mqtt_proxy"):
    os.environ.pop(_name, None)
    os.environ.pop(_name.upper(), None)

from harness.hub_process import HubProcess  # noqa: E402
from harness.node_agent import NodeAgent  # noqa: E402
from harness.python_device import PythonDevice  # noqa: E402
from harness.relay import Relay  # noqa: E402
from harness.rest import EventReader, RestApi  # noqa: E402
from harness.tokens import DeviceCredentials  # noqa: E402
from harness.wire import Wire, connect  # noqa: E402

# Of throttles: no other test reaches them, test_throttles.py has a hub of its own.
UNITS = 1_000

# The name in user names and tokens; it needs no name resolution (device.md §10.4).
PUBLIC_NAME = "myhub.azure-devices.net"


@pytest.fixture(scope="session")
def loopback_address() -> str:
    """An address of our own in 127.0.0.0/8, so that runs side by side don't fight over port 443."""
    return f"127.77.{random.randrange(1, 255)}.{random.randrange(1, 255)}"


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory, loopback_address: str) -> Iterator[HubProcess]:
    running = HubProcess(tmp_path_factory.mktemp("hub"), [PUBLIC_NAME, loopback_address])
    running.start()
    owner = RestApi(running.url, running.owner, PUBLIC_NAME, keep_alive=False)
    assert owner.put("/api/v1/throttles", json={"units": UNITS}).status_code == 200
    yield running
    code = running.stop()
    assert code == 0, f"SIGTERM must end the hub cleanly, it ended with {code}:\n{running.log_tail()}"


@pytest.fixture(scope="session")
def ca_text(hub: HubProcess) -> str:
    return Path(hub.ca_file).read_text()


@pytest.fixture(scope="session")
def api(hub: HubProcess) -> RestApi:
    """The REST API over TLS, as iothubowner."""
    return RestApi(f"https://localhost:{hub.https_port}", hub.owner, PUBLIC_NAME, hub.ca_file)


@pytest.fixture
def device(api: RestApi) -> Iterator[DeviceCredentials]:
    """A fresh device; deleted afterwards, which also ends its connections."""
    created = api.create_device()
    yield created
    api.delete(f"/devices/{created.device_id}", headers={"If-Match": "*"})


@pytest.fixture
def events(api: RestApi, device: DeviceCredentials) -> EventReader:
    """The telemetry of this test's device, from now on."""
    return EventReader(api, deviceId=device.device_id, source="Telemetry")


@pytest.fixture
def hub_event_routes(api: RestApi) -> Iterator[None]:
    """Routes for what the hub itself has to tell; without one it is not emitted (query-routing-events.md §3.3)."""
    sources = ("TwinChangeEvents", "DeviceLifecycleEvents", "DeviceConnectionStateEvents")
    for source in sources:
        answer = api.put(f"/api/v1/routes/all-{source}", json={"source": source})
        assert answer.status_code in (200, 201), answer.text
    yield
    for source in sources:
        assert api.delete(f"/api/v1/routes/all-{source}").status_code == 204


@pytest.fixture
def open_wire(hub: HubProcess) -> Iterator[Callable[..., Wire]]:
    """Opens WebSockets to the plain port, byte by byte."""
    opened: list[Wire] = []

    def open_one(**options: Any) -> Wire:
        wire = Wire(("127.0.0.1", hub.port), **options)
        opened.append(wire)
        return wire

    yield open_one
    for wire in opened:
        wire.__exit__()


@pytest.fixture
def wire_session(open_wire: Callable[..., Wire], device: DeviceCredentials) -> Callable[..., Wire]:
    """A connected session of this test's device (or of `of`); options are CONNECT's."""

    def open_session(of: DeviceCredentials = device, **options: Any) -> Wire:
        wire = open_wire()
        wire.open_session(connect(of.client_id, of.user_name, of.token(), **options))
        return wire

    return open_session


@pytest.fixture
def python_device(hub: HubProcess, device: DeviceCredentials, ca_text: str) -> Iterator[Callable[..., PythonDevice]]:
    """Makes Python SDK clients for this test's device (or for `of`), each behind its own relay."""
    made: list[PythonDevice] = []

    def make(of: DeviceCredentials = device, **options: Any) -> PythonDevice:
        relay = Relay(("127.0.0.1", hub.https_port), proxy=True)
        made.append(PythonDevice(of, relay, ca_text, **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def own_hub(tmp_path) -> Iterator[Callable[..., HubProcess]]:
    """Hubs for themselves, on whose registry nobody else works."""
    hubs = []

    def begin(*options: str) -> HubProcess:
        hub = HubProcess(tmp_path / f"hub-{len(hubs)}", [PUBLIC_NAME], *options)
        hubs.append(hub)
        hub.start()
        return hub

    yield begin
    for hub in hubs:
        hub.stop()


@pytest.fixture
def node_agent() -> Iterator[Callable[..., NodeAgent]]:
    """Starts npm clients."""
    started: list[NodeAgent] = []

    def start(script: str, **options: Any) -> NodeAgent:
        started.append(NodeAgent(script, **options))
        return started[-1]

    yield start
    for agent in started:
        agent.stop()


@pytest.fixture
def relay(hub: HubProcess) -> Iterator[Relay]:
    """A plain relay to the TLS port, with scissors."""
    made = Relay(("127.0.0.1", hub.https_port))
    yield made
    made.close()


@pytest.fixture
def node_device(
    hub: HubProcess, device: DeviceCredentials, relay: Relay, node_agent: Callable[..., NodeAgent]
) -> Callable[..., NodeAgent]:
    """Opens the Node SDK for this test's device (or for `of`) behind the test's relay."""

    def open_one(of: DeviceCredentials = device, *, retry: bool = False, key: str | None = None) -> NodeAgent:
        agent = node_agent("device_sdk.mjs")
        agent.call(
            "open", connectionString=of.connection_string(key=key), hostName=PUBLIC_NAME,
            relay=list(relay.address), caFile=hub.ca_file, retry=retry,
        )  # fmt: skip
        return agent

    return open_one


@pytest.fixture
def node_on_443(
    hub: HubProcess, loopback_address: str, node_agent: Callable[..., NodeAgent]
) -> Iterator[Callable[[str], NodeAgent]]:
    """Starts npm clients that insist on port 443 of the hub's `loopback_address`.

    Where that port may be bound, a relay listens there on an address of our own; elsewhere a preload
    takes Node's own connections to the relay. The SDK stays as published.
    """
    environment = {"NODE_EXTRA_CA_CERTS": hub.ca_file}
    options: list[str] = []
    target = ("127.0.0.1", hub.https_port)
    try:
        relay = Relay(target, listen=(loopback_address, 443))
    except PermissionError:
        relay = Relay(target)
        host, port = relay.address
        environment["SKERRY_RELAY"] = f"{host} {port}"
        options = ["--import", "./redirect_443.mjs"]
    yield lambda script: node_agent(script, environment=environment, node_options=options)
    relay.close()


@pytest.fixture
def service(hub: HubProcess, loopback_address: str, node_on_443: Callable[[str], NodeAgent]) -> NodeAgent:
    """An opened npm `azure-iothub`."""
    agent = node_on_443("service_sdk.mjs")
    agent.call("open", connectionString=hub.owner.with_host(loopback_address))
    return agent


@pytest.fixture
def call(service: NodeAgent) -> Callable[..., Any]:
    """call(method, *arguments) on the Registry of `azure-iothub`."""
    return lambda method, *parameters: service.call("registry", method=method, parameters=list(parameters))
