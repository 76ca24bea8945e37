"""Devices that prove themselves with client certificates, and the hub's CA certificates
(device.md §2.3, §7; service.md §4.2, §16; device-management.md R27)."""

import base64
import datetime
import hashlib
import hmac
import json
import ssl
import uuid
from typing import Any, Callable, Iterator

import pytest
import requests
from azure.iot.device import X509, IoTHubDeviceClient, IoTHubModuleClient, Message, ProxyOptions
from azure.iot.device.exceptions import ClientError, CredentialError

from conftest import PUBLIC_NAME
from harness.certificates import DAY, Issued, Workshop
from harness.hub_process import HubProcess
from harness.relay import Relay
from harness.rest import EventReader, RestApi, assert_classic_error
from harness.wire import CONNACK, Wire, connect
from harness.waiting import let_time_pass

ANY = {"If-Match": "*"}
HEADER = "x-skerry-client-certificate"


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def register(api: RestApi) -> Iterator[Callable[..., str]]:
    """Registers a device with this authentication and gives its id."""
    made: list[str] = []

    def put(kind: str, thumbprints: dict[str, str] | None = None, device_id: str | None = None) -> str:
        device_id = device_id or f"x509-{uuid.uuid4().hex[:12]}"
        authentication: dict[str, Any] = {"type": kind}
        if thumbprints is not None:
            authentication["x509Thumbprint"] = thumbprints
        body = {"deviceId": device_id, "authentication": authentication}
        answer = api.put(f"/devices/{device_id}", json=body)
        assert answer.status_code == 200, answer.text
        made.append(device_id)
        return device_id

    yield put
    for device_id in made:
        api.delete(f"/devices/{device_id}", headers=ANY)


class Authority:
    """A CA certificate of the hub."""

    def __init__(self, api: RestApi, workshop: Workshop, kind: str = "p256"):
        self.api = api
        self.workshop = workshop
        self.name = f"ca-{uuid.uuid4().hex[:8]}"
        self.path = f"/api/v1/certificates/{self.name}"
        self.root = workshop.issue(f"Root {self.name}", authority=True, kind=kind)
        answer = api.put(self.path, json={"properties": {"certificate": self.root.pem}})
        assert answer.status_code == 201, answer.text
        assert answer.json()["properties"]["isVerified"] is False

    def code(self) -> str:
        answer = self.api.post(f"{self.path}/generateVerificationCode", headers=ANY)
        assert answer.status_code == 200, answer.text
        return answer.json()["properties"]["verificationCode"]

    def offer(self, proof: Issued) -> requests.Response:
        return self.api.post(f"{self.path}/verify", json={"certificate": proof.pem}, headers=ANY)

    def prove(self) -> None:
        answer = self.offer(self.workshop.issue(self.code(), self.root))
        assert answer.status_code == 200, answer.text
        assert answer.json()["properties"]["isVerified"] is True


@pytest.fixture
def authority(api: RestApi, workshop: Workshop) -> Iterator[Callable[..., Authority]]:
    made: list[Authority] = []

    def make(kind: str = "p256") -> Authority:
        made.append(Authority(api, workshop, kind))
        return made[-1]

    yield make
    for one in made:
        api.delete(one.path, headers=ANY)


@pytest.fixture
def send(hub: HubProcess) -> Callable[..., int]:
    """Sends a message over HTTPS with a certificate; gives the status."""

    def post(device_id: str, certificate: Issued | None, headers: dict[str, str] | None = None, base: str | None = None) -> int:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                f"{base or f'https://localhost:{hub.https_port}'}/devices/{device_id}/messages/events?api-version=2020-03-13",
                data=b"hello", headers=headers, cert=certificate.files if certificate else None,
                verify=hub.ca_file, timeout=30,
            )  # fmt: skip
        if answer.status_code == 401:
            assert_classic_error(answer, 401, "IotHubUnauthorized")
        return answer.status_code

    return post


@pytest.fixture
def mqtt_code(hub: HubProcess) -> Callable[..., int]:
    """CONNECT over TLS and WebSocket; gives CONNACK's code."""

    def ask(device_id: str, certificate: Issued | None, password: str | None = None, module: str | None = None) -> int:
        tls = ssl.create_default_context(cafile=hub.ca_file)
        if certificate is not None:
            tls.load_cert_chain(*certificate.files)
        client_id = device_id if module is None else f"{device_id}/{module}"
        with Wire(("127.0.0.1", hub.https_port), tls=tls) as wire:
            wire.send(connect(client_id, f"{PUBLIC_NAME}/{client_id}/?api-version=2021-04-12", password))
            return wire.expect(CONNACK).body[1]

    return ask


@pytest.fixture
def sdk(hub: HubProcess, ca_text: str) -> Iterator[Callable[..., Any]]:
    """The Python SDK with a certificate."""
    closing: list[Callable[[], None]] = []

    def make(device_id: str, certificate: Issued, module: str | None = None) -> Any:
        relay = Relay(("127.0.0.1", hub.https_port), proxy=True)
        proxy = ProxyOptions("HTTP", *relay.address)
        options: dict[str, Any] = dict(
            x509=X509(*certificate.files), hostname=PUBLIC_NAME, device_id=device_id, websockets=True,
            server_verification_cert=ca_text, proxy_options=proxy, connection_retry=False,
        )  # fmt: skip
        if module is None:
            client = IoTHubDeviceClient.create_from_x509_certificate(**options)
        else:
            client = IoTHubModuleClient.create_from_x509_certificate(module_id=module, **options)
        closing.extend([relay.close, client.shutdown])
        return client

    yield make
    for close in reversed(closing):
        close()


def self_signed(certificate: Issued) -> dict[str, str]:
    return {"primaryThumbprint": certificate.sha256}


def test_r17_the_python_sdk_connects_with_a_registered_thumbprint_and_not_with_another(
    api: RestApi, workshop: Workshop, register: Callable[..., str], sdk: Callable[..., Any]
):
    """Primary and secondary, SHA-1 and SHA-256, in any case; messages say how they came."""
    first, second, stranger = (workshop.issue(name, kind="rsa") for name in ("first", "second", "stranger"))
    device_id = register("selfSigned", {"primaryThumbprint": first.sha1.lower(), "secondaryThumbprint": second.sha1})
    events = EventReader(api, deviceId=device_id, source="Telemetry")
    for certificate in (first, second):
        client = sdk(device_id, certificate)
        client.connect()
        client.send_message(Message("hello"))
        client.disconnect()
    for event in events.take(2):
        method = event["systemProperties"]["iothub-connection-auth-method"]
        assert json.loads(method)["type"] == "x509", event
    shown = api.get(f"/api/v1/devices/{device_id}/connection").json()
    assert shown["credential"] == "certificate"
    assert shown["certificateThumbprint"] == second.sha256
    with pytest.raises((CredentialError, ClientError)):
        sdk(device_id, stranger).connect()


def test_twin_and_keep_alive_work_through_the_terminator(
    api: RestApi, workshop: Workshop, register: Callable[..., str], sdk: Callable[..., Any]
):
    certificate = workshop.issue("twin")
    device_id = register("selfSigned", self_signed(certificate))
    client = sdk(device_id, certificate)
    client.connect()
    client.patch_twin_reported_properties({"rate": 5})
    assert client.get_twin()["reported"]["rate"] == 5
    assert api.get(f"/twins/{device_id}").json()["properties"]["reported"]["rate"] == 5


def test_a_certificate_is_good_for_its_own_device_and_time_only(
    api: RestApi, workshop: Workshop, register: Callable[..., str], send: Callable[..., int], mqtt_code: Callable[..., int]
):
    good, other = workshop.issue("good"), workshop.issue("other")
    expired = workshop.issue("expired", begins=-3 * DAY, ends=-2 * DAY)
    early = workshop.issue("early", begins=DAY, ends=2 * DAY)
    device_id = register("selfSigned", self_signed(good))
    assert send(device_id, good) == 204
    assert mqtt_code(device_id, good) == 0
    for certificate in (other, None):
        assert send(device_id, certificate) == 401
        assert mqtt_code(device_id, certificate) == 5
    for certificate in (expired, early):
        dated = register("selfSigned", self_signed(certificate))
        assert send(dated, certificate) == 401
        assert mqtt_code(dated, certificate) == 5
    assert send("no-such-device", good) == 401
    disabled = api.get(f"/devices/{device_id}").json()
    disabled["status"] = "disabled"
    assert api.put(f"/devices/{device_id}", json=disabled, headers=ANY).status_code == 200
    assert mqtt_code(device_id, good) != 0
    assert send(device_id, good) == 404, "as a disabled device with a token (device.md §7)"


def test_no_type_takes_the_credentials_of_another(
    api: RestApi, workshop: Workshop, register: Callable[..., str], authority: Callable[..., Authority],
    send: Callable[..., int], mqtt_code: Callable[..., int],
):  # fmt: skip
    ca = authority()
    ca.prove()
    with_key = api.create_device()
    issued = workshop.issue(with_key.device_id, ca.root)
    try:
        assert mqtt_code(with_key.device_id, issued) == 5
        assert send(with_key.device_id, issued) == 401
        # A device with a token may show a certificate all the same.
        assert mqtt_code(with_key.device_id, issued, with_key.token()) == 0
        by_thumbprint = register("selfSigned", self_signed(workshop.issue("x")))
        assert mqtt_code(by_thumbprint, workshop.issue(by_thumbprint, ca.root)) == 5
        by_authority = register("certificateAuthority")
        assert mqtt_code(by_authority, workshop.issue(by_authority)) == 5, "self-signed"
        key = base64.b64encode(b"k" * 32).decode()
        assert mqtt_code(by_authority, None, with_key.token(key=key)) == 5
        assert mqtt_code(by_authority, workshop.issue(by_authority, ca.root)) == 0
    finally:
        api.delete(f"/devices/{with_key.device_id}", headers=ANY)


def test_a_header_of_the_client_proves_nothing(
    hub: HubProcess, workshop: Workshop, register: Callable[..., str], send: Callable[..., int]
):
    good, stranger = workshop.issue("good"), workshop.issue("stranger")
    device_id = register("selfSigned", self_signed(good))
    facts = {
        "sha1": good.sha1, "sha256": good.sha256, "notBefore": "2020-01-01T00:00:00Z", "notAfter": "2100-01-01T00:00:00Z",
        "commonName": device_id, "authorities": [],
    }  # fmt: skip
    text = base64.b64encode(json.dumps(facts).encode()).decode()
    signature = base64.b64encode(hmac.digest(b"guess", text.encode(), hashlib.sha256)).decode()
    for value in (f"{text}.{signature}", text, f"{text}.", f"{text}.{base64.b64encode(b'').decode()}"):
        for name in (HEADER, HEADER.title()):
            forged = {name: value}
            assert send(device_id, stranger, forged) == 401
            assert send(device_id, None, forged) == 401
            assert send(device_id, None, forged, base=hub.url) == 401
            assert send(device_id, good, forged) == 204, "the terminator's own facts count"


def test_requests_of_every_kind_pass_with_a_certificate(hub: HubProcess, api: RestApi, workshop: Workshop):
    """Several requests on one connection, large bodies, errors: as without a certificate."""
    certificate = workshop.issue("back end")
    with requests.Session() as session:
        session.trust_env = False
        session.verify, session.cert = hub.ca_file, certificate.files
        base = f"https://localhost:{hub.https_port}"
        for _ in range(3):
            assert session.get(f"{base}/api/v1/health").status_code == 200
        headers = {"Authorization": api.authorization()}
        body = {"query": "SELECT * FROM devices WHERE deviceId = '" + "x" * 4000 + "'"}
        answer = session.post(f"{base}/devices/query?api-version=2021-04-12", json=body, headers=headers)
        assert (answer.status_code, answer.json()) == (200, [])

        def pieces() -> Iterator[bytes]:
            yield b'{"query":"SELECT * FROM devices'
            yield b" WHERE deviceId = 'nobody'\"}"

        answer = session.post(f"{base}/devices/query?api-version=2021-04-12", data=pieces(), headers=headers)
        assert (answer.status_code, answer.json()) == (200, [])
        assert session.get(f"{base}/devices?api-version=2021-04-12").status_code == 401
        assert session.get(f"{base}/no/such/path").status_code == 404


@pytest.mark.parametrize("kind", ["p256", "p384", "rsa", "ed25519"])
def test_an_authority_counts_after_its_proof_of_possession(
    kind: str, workshop: Workshop, register: Callable[..., str], authority: Callable[..., Authority], send: Callable[..., int]
):
    ca = authority(kind)
    device_id = register("certificateAuthority")
    certificate = workshop.issue(device_id, ca.root)
    assert send(device_id, certificate) == 401, "not proven"
    code = ca.code()
    impostor = workshop.issue(ca.root.certificate.subject.rfc4514_string()[3:], authority=True, kind=kind)
    for wrong in (
        workshop.issue(code, impostor),
        workshop.issue(code),
        workshop.issue(code.lower() + "x", ca.root),
        workshop.issue(code, ca.root, begins=-3 * DAY, ends=-2 * DAY),
    ):
        answer = ca.offer(wrong)
        assert_classic_error(answer, 400, "ArgumentInvalid")
    assert send(device_id, certificate) == 401
    ca.prove()
    assert send(device_id, certificate) == 204


def test_the_python_sdk_connects_with_a_certificate_of_an_authority(
    api: RestApi, workshop: Workshop, register: Callable[..., str], authority: Callable[..., Authority],
    sdk: Callable[..., Any], send: Callable[..., int], mqtt_code: Callable[..., int],
):  # fmt: skip
    ca = authority()
    ca.prove()
    device_id = register("certificateAuthority")
    certificate = workshop.issue(device_id, ca.root)
    client = sdk(device_id, certificate)
    client.connect()
    client.send_message(Message("hello"))
    for other in (
        workshop.issue(f"{device_id}-2", ca.root),
        workshop.issue(device_id.upper(), ca.root),
        workshop.issue(device_id, workshop.issue("Another root", authority=True)),
    ):
        assert mqtt_code(device_id, other) == 5
    with pytest.raises((CredentialError, ClientError)):
        sdk(device_id, workshop.issue("pump", ca.root)).connect()
    # Over an intermediate that the client sends, and not over a leaf that plays one.
    intermediate = workshop.issue("Intermediate", ca.root, authority=True)
    assert mqtt_code(device_id, workshop.issue(device_id, intermediate, chain=(intermediate,))) == 0
    assert mqtt_code(device_id, workshop.issue(device_id, intermediate)) == 5, "a link is missing"
    assert mqtt_code(device_id, workshop.issue(device_id, certificate, chain=(certificate,))) == 5
    expired = workshop.issue("Expired", ca.root, authority=True, begins=-3 * DAY, ends=-2 * DAY)
    assert mqtt_code(device_id, workshop.issue(device_id, expired, chain=(expired,))) == 5
    # Deleted: nobody vouches any more.
    assert api.delete(ca.path, headers=ANY).status_code == 204
    assert mqtt_code(device_id, certificate) == 5
    assert send(device_id, certificate) == 401


def test_modules_have_certificates_of_their_own(
    api: RestApi, workshop: Workshop, register: Callable[..., str], sdk: Callable[..., Any], mqtt_code: Callable[..., int]
):
    of_device, of_module = workshop.issue("device"), workshop.issue("module")
    device_id = register("selfSigned", self_signed(of_device))
    authentication = {"type": "selfSigned", "x509Thumbprint": self_signed(of_module)}
    body = {"deviceId": device_id, "moduleId": "m", "authentication": authentication}
    answer = api.put(f"/devices/{device_id}/modules/m", json=body)
    assert answer.status_code == 200, answer.text
    client = sdk(device_id, of_module, "m")
    client.connect()
    client.send_message(Message("hello"))
    assert mqtt_code(device_id, of_device, module="m") == 5
    assert mqtt_code(device_id, of_module) == 5


def test_a_retired_devices_certificate_never_comes_back(
    api: RestApi, workshop: Workshop, register: Callable[..., str], authority: Callable[..., Authority], send: Callable[..., int]
):
    """R27: refused also after the id was created again; a new certificate is welcome."""
    ca = authority()
    ca.prove()
    old = workshop.issue("old")
    by_thumbprint = register("selfSigned", {"primaryThumbprint": old.sha1})
    by_authority = register("certificateAuthority")
    issued, unused = workshop.issue(by_authority, ca.root), workshop.issue(by_authority, ca.root)
    assert send(by_authority, issued) == 204
    for device_id in (by_thumbprint, by_authority):
        answer = api.post(f"/api/v1/devices/{device_id}/retire", json={"reason": "endOfLife"})
        assert answer.status_code == 202, answer.text
        assert api.get(f"/devices/{device_id}").status_code == 404

    again = {"deviceId": by_thumbprint, "authentication": {"type": "selfSigned", "x509Thumbprint": {"primaryThumbprint": old.sha1}}}
    assert api.put(f"/devices/{by_thumbprint}", json=again).status_code == 400
    # The other digest of the same certificate is not on the list, the certificate is.
    register("selfSigned", {"primaryThumbprint": old.sha256}, by_thumbprint)
    assert send(by_thumbprint, old) == 401

    register("certificateAuthority", device_id=by_authority)
    assert send(by_authority, issued) == 401
    assert send(by_authority, unused) == 401
    second = datetime.timedelta(seconds=1)
    let_time_pass(1.1, "the whole seconds that certificates count: the next one is newer for certain")
    assert send(by_authority, workshop.issue(by_authority, ca.root, begins=0 * second)) == 204


def test_ca_certificates_are_a_resource(api: RestApi, workshop: Workshop, authority: Callable[..., Authority]):
    ca = authority()
    shown = api.get(ca.path)
    assert shown.headers["ETag"] == f'"{shown.json()["etag"]}"'
    properties = shown.json()["properties"]
    assert properties["thumbprint"] == ca.root.sha256
    assert properties["subject"] == f"Root {ca.name}"
    expiry = ca.root.certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%S")
    assert properties["expiry"].startswith(expiry)
    listed = {one["name"]: one["properties"] for one in api.get("/api/v1/certificates").json()["value"]}
    assert listed[ca.name]["expiry"] == properties["expiry"]

    leaf = {"properties": {"certificate": workshop.issue("leaf").pem}}
    assert_classic_error(api.put(f"{ca.path}-2", json=leaf), 400, "ArgumentInvalid")
    assert_classic_error(api.put(f"{ca.path}-2", json={"certificate": "nonsense"}), 400, "ArgumentInvalid")
    assert_classic_error(api.get(f"{ca.path}-2"), 404, "CertificateNotFound")
    # Azure's tools send base64 of the PEM file.
    renewed = workshop.issue(f"Root {ca.name}", authority=True)
    body = {"properties": {"certificate": base64.b64encode(renewed.pem.encode()).decode()}}
    assert_classic_error(api.put(ca.path, json=body), 412, "PreconditionFailed")
    assert_classic_error(api.put(ca.path, json=body, headers={"If-Match": '"AAA="'}), 412, "PreconditionFailed")
    ca.prove()
    assert_classic_error(api.put(ca.path, json=body, headers={"If-Match": shown.headers["ETag"]}), 412, "PreconditionFailed")
    answer = api.put(ca.path, json=body, headers={"If-Match": api.get(ca.path).headers["ETag"]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["properties"]["isVerified"] is False, "another key, another proof"
    assert_classic_error(api.delete(ca.path), 412, "PreconditionFailed")
    assert api.delete(ca.path, headers=ANY).status_code == 204
    assert api.get(ca.path).status_code == 404
    record = api.get("/api/v1/audit").json()
    assert "deleteCertificate" in json.dumps(record)


def test_only_who_may_manage_the_hub_adds_authorities(api: RestApi, workshop: Workshop):
    root = workshop.issue("Root", authority=True)
    body = {"certificate": root.pem}
    assert api.put("/api/v1/certificates/x", json=body, authorization=None).status_code == 401
    assert api.get("/api/v1/certificates", authorization=None).status_code == 401
    assert api.get("/api/v1/bootstrap/certificates").status_code == 401, "for the terminator alone"
