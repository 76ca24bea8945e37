"""Import and export jobs (`service.md` §5) with the unmodified Python job manager, over the hub's own blob
store and over somebody else's; kill -9 in the middle of an import."""

import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree

import pytest
from azure.core.exceptions import HttpResponseError
from azure.iot.hub import IoTHubJobManager
from azure.iot.hub.models import JobProperties
from azure.storage.blob import ContainerClient

from conftest import PUBLIC_NAME
from harness.hub_process import HubProcess
from harness.rest import RestApi
from harness.waiting import eventually

ENDED = {"completed", "failed", "cancelled"}


def sign(api: RestApi, container: str, rights: str = "racwdl") -> str:
    """A container's URL, as an operator asks for it."""
    body = {"container": container, "rights": rights, "minutes": 60, "endpoint": api.base_url}
    answer = api.post("/api/v1/blobs/sas", json=body, api_version=None)
    assert answer.status_code == 200, answer.text
    return answer.json()["url"]


def job(api: RestApi, job_id: str) -> dict:
    answer = api.get(f"/jobs/{job_id}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def ended(api: RestApi, job_id: str, seconds: float = 60) -> dict:
    """The job once it is over."""

    def look() -> dict | None:
        found = job(api, job_id)
        return found if found["status"] in ENDED else None

    return eventually(look, seconds, f"job {job_id} ends")


def start(api: RestApi, **order) -> str:
    answer = api.post("/jobs/create", json=order)
    assert answer.status_code == 200, answer.text
    assert "sig=" not in answer.text, "places are secrets"
    return answer.json()["jobId"]


def total(api: RestApi) -> int:
    return api.get("/statistics/devices").json()["totalDeviceCount"]


class Files:
    """A container of the hub's own store."""

    def __init__(self, api: RestApi, ca_file: str | None):
        self.url = sign(api, f"jobs-{uuid.uuid4().hex[:12]}")
        verify = ca_file if self.url.startswith("https:") else True
        self.client = ContainerClient.from_container_url(self.url, connection_verify=verify, retry_total=0)

    def write(self, name: str, lines: list[str]) -> None:
        self.client.upload_blob(name, "\n".join(lines).encode(), overwrite=True)

    def read(self, name: str) -> list[str]:
        return self.client.download_blob(name).readall().decode().splitlines()


@pytest.fixture
def files(api: RestApi, hub: HubProcess) -> Files:
    return Files(api, hub.ca_file)


@pytest.fixture
def jobs(hub: HubProcess, monkeypatch: pytest.MonkeyPatch) -> IoTHubJobManager:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", hub.ca_file)
    return IoTHubJobManager.from_connection_string(hub.owner.with_host(f"localhost:{hub.https_port}"))


def plain_api(hub: HubProcess) -> RestApi:
    return RestApi(hub.url, hub.owner, PUBLIC_NAME, keep_alive=False)


def device_line(device_id: str, **fields) -> str:
    return json.dumps({"id": device_id, "status": "enabled", **fields})


def test_r19_ten_thousand_lines_with_three_bad_ones(own_hub):
    api = plain_api(own_hub())
    files = Files(api, None)
    for number in range(1_000):
        if number % 100 == 0:
            items = [{"id": f"old-{number + place}", "importMode": "create", "status": "enabled"} for place in range(100)]
            assert api.post("/devices", json=items).status_code == 200
    lines = [device_line(f"new-{number}", importMode="create", tags={"batch": number // 1000}) for number in range(7_997)]
    lines += [device_line(f"old-{number}", importMode="update", statusReason="imported") for number in range(500)]
    lines += [json.dumps({"id": f"old-{number}", "importMode": "delete"}) for number in range(500, 1_000)]
    lines += [json.dumps({"id": f"new-{number}", "importMode": "updateTwin", "properties": {"desired": {"rate": 5}}}) for number in range(500)]
    lines += [device_line(f"fresh-{number}") for number in range(500)]
    lines.insert(10, "{ this is no JSON }")
    lines.insert(4_000, device_line("old-0", importMode="create"))
    lines.insert(8_000, json.dumps({"id": "nobody", "importMode": "delete"}))
    assert len(lines) == 10_000
    files.write("devices.txt", lines)

    job_id = start(api, type="import", inputBlobContainerUri=files.url, outputBlobContainerUri=files.url)
    done = ended(api, job_id)
    assert (done["status"], done["progress"], done["failureReason"]) == ("completed", 100, None)
    assert (done["succeededCount"], done["failedCount"]) == (9_997, 3)
    log = [json.loads(line) for line in files.read("importErrors.log")]
    assert sorted((entry["errorCode"], entry.get("deviceId")) for entry in log if "deviceId" in entry) == [(404001, "nobody"), (409001, "old-0")]
    assert [entry["errorCode"] for entry in log if "deviceId" not in entry] == [400012]
    assert total(api) == 7_997 + 500 + 500
    assert api.device("old-3")["statusReason"] == "imported"
    assert api.twin("new-499")["properties"]["desired"]["rate"] == 5
    assert api.twin("new-7996")["tags"] == {"batch": 7}


def test_r40_an_export_holds_all_identities(own_hub):
    api = plain_api(own_hub())
    files = Files(api, None)
    keys = {}
    for first in range(0, 1_500, 100):
        items = [{"id": f"device-{first + place}", "importMode": "create", "status": "enabled"} for place in range(100)]
        assert api.post("/devices", json=items).status_code == 200
    for device in api.get("/devices", parameters={"top": "1000"}).json():
        keys[device["deviceId"]] = device["authentication"]["symmetricKey"]
    done = ended(api, start(api, type="export", outputBlobContainerUri=files.url))
    assert done["status"] == "completed"
    lines = [json.loads(line) for line in files.read("devices.txt")]
    assert sorted(line["id"] for line in lines) == sorted(f"device-{number}" for number in range(1_500))
    assert all(line["authentication"]["symmetricKey"] == keys[line["id"]] for line in lines if line["id"] in keys)

    done = ended(api, start(api, type="export", outputBlobContainerUri=files.url, outputBlobName="without.txt", excludeKeysInExport=True))
    assert done["status"] == "completed"
    first, *rest = files.read("without.txt")
    assert not first.startswith("{")
    assert len(rest) == 1_500
    assert all(set(json.loads(line)["authentication"]["symmetricKey"].values()) == {None} for line in rest)


def test_r41_one_job_at_a_time_with_progress_and_cancel(own_hub):
    api = plain_api(own_hub())
    files = Files(api, None)
    count = 30_000
    files.write("devices.txt", [device_line(f"device-{number}", tags={"text": "x" * 100}) for number in range(count)])
    order = {"type": "import", "inputBlobContainerUri": files.url, "outputBlobContainerUri": files.url}
    job_id = start(api, **order)
    refused = api.post("/jobs/create", json=order)
    assert refused.status_code == 403
    assert refused.headers["iothub-errorcode"] == "JobQuotaExceeded"
    assert refused.json()["Message"].startswith("ErrorCode:JobQuotaExceeded;")

    def under_way() -> dict | None:
        found = job(api, job_id)
        assert found["status"] not in ENDED, "too quick to be cancelled"
        return found if 0 < found["progress"] < 100 else None

    assert eventually(under_way, 20, "progress can be seen")["status"] == "running"
    assert api.delete(f"/jobs/{job_id}").status_code in (200, 204)
    assert job(api, job_id)["status"] == "cancelled"
    there = total(api)
    assert 0 < there < count
    # What was cancelled writes nothing more: the next job gets to its end with all of the file.
    done = ended(api, start(api, **order))
    assert (done["status"], done["succeededCount"]) == ("completed", count)
    assert total(api) == count
    assert [entry["status"] for entry in api.get("/jobs").json()] == ["completed", "cancelled"]


def test_the_python_job_manager_moves_a_fleet(jobs, files, api, device):
    order = JobProperties(type="export", output_blob_container_uri=files.url, exclude_keys_in_export=True)
    try:
        begun = jobs.create_import_export_job(order)
    except HttpResponseError as error:
        pytest.fail(f"{error.status_code} {error.message}")
    assert begun.type == "export" and begun.job_id
    eventually(lambda: jobs.get_import_export_job(begun.job_id).status in ENDED, 60, "the job ends")
    assert jobs.get_import_export_job(begun.job_id).status == "completed"
    assert begun.job_id in [entry.job_id for entry in jobs.get_import_export_jobs()]
    assert any(json.loads(line)["id"] == device.device_id for line in files.read("devices.txt")[1:])
    jobs.cancel_import_export_job(begun.job_id)
    assert jobs.get_import_export_job(begun.job_id).status == "completed", "a job that is over stays as it was"


def test_kill_9_three_times_and_each_line_is_applied_once(own_hub):
    hub = own_hub()
    api = plain_api(hub)
    count = 40_000
    files = Files(api, None)
    # A line that is applied twice is refused the second time: the device is there already.
    files.write("devices.txt", [device_line(f"device-{number}", importMode="create", tags={"text": "x" * 150}) for number in range(count)])
    job_id = start(api, type="import", inputBlobContainerUri=files.url, outputBlobContainerUri=files.url)
    for kill in range(3):
        reached = 20 * (kill + 1)

        def far_enough() -> bool:
            found = job(api, job_id)
            assert found["status"] not in ENDED, f"over before kill {kill + 1}"
            return found["progress"] >= reached

        eventually(far_enough, 60, f"{reached} % are imported")
        assert hub.kill_workerd() == 1
        hub.start()
        api = plain_api(hub)
        assert job(api, job_id)["progress"] >= reached, "what was done stays done"
    done = ended(api, job_id, 90)
    assert (done["status"], done["failureReason"]) == ("completed", None)
    assert (done["succeededCount"], done["failedCount"]) == (count, 0)
    assert total(api) == count
    url = sign(api, urlsplit(files.url).path.split("/")[-1])
    log = ContainerClient.from_container_url(url).download_blob("importErrors.log").readall()
    assert log == b""


class SomebodysStore(BaseHTTPRequestHandler):
    """The few blob verbs that a job needs, strict about what Azure's are strict about."""

    blobs: dict[str, bytes] = {}
    blocks: dict[tuple[str, str], bytes] = {}
    seen: list[str] = []

    def log_message(self, *_args) -> None:
        pass

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def place(self) -> tuple[str, dict[str, str]] | None:
        target = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(target.query).items()}
        self.seen.append(self.command)
        if query.get("sig") != "good" or "x-ms-version" not in self.headers:
            self.answer(403)
            return None
        return unquote(target.path), query

    def do_PUT(self) -> None:
        if (found := self.place()) is None:
            return
        path, query = found
        if "Content-Length" not in self.headers:
            return self.answer(411)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if query.get("comp") == "block":
            self.blocks[path, query["blockid"]] = body
        elif query.get("comp") == "blocklist":
            names = [entry.text for entry in ElementTree.fromstring(body)]
            self.blobs[path] = b"".join(self.blocks[path, name] for name in names)
        elif self.headers.get("x-ms-blob-type") == "BlockBlob":
            self.blobs[path] = body
        else:
            return self.answer(400)
        self.answer(201)

    def do_DELETE(self) -> None:
        if (found := self.place()) is not None:
            self.answer(202 if self.blobs.pop(found[0], None) is not None else 404)

    def do_HEAD(self) -> None:
        if (found := self.place()) is None:
            return
        blob = self.blobs.get(found[0])
        if blob is None:
            return self.answer(404)
        self.answer(200, Content_Length=str(len(blob)), ETag='"v1"')

    def do_GET(self) -> None:
        if (found := self.place()) is None:
            return
        blob = self.blobs.get(found[0])
        if blob is None or self.headers.get("If-Match", '"v1"') != '"v1"':
            return self.answer(404 if blob is None else 412)
        first, last = self.headers["x-ms-range"].removeprefix("bytes=").split("-")
        self.answer(206, blob[int(first) : int(last) + 1], ETag='"v1"')


def test_somebody_elses_store_by_signed_url(own_hub):
    class Store(SomebodysStore):
        blobs, blocks, seen = {}, {}, []

    server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    host = f"127.0.0.1:{server.server_port}"
    try:
        url = f"http://{host}/account/fleet?sig=good"
        api = plain_api(own_hub("--allow-host", host))
        lines = [device_line(f"device-{number}", tags={"n": number}) for number in range(3_000)]
        Store.blobs["/account/fleet/devices.txt"] = "\n".join(lines).encode()
        done = ended(api, start(api, type="import", inputBlobContainerUri=url, outputBlobContainerUri=url))
        assert (done["status"], done["succeededCount"]) == ("completed", 3_000), done
        done = ended(api, start(api, type="export", outputBlobContainerUri=url, outputBlobName="out/all devices.txt"))
        assert done["status"] == "completed", done
        exported = Store.blobs["/account/fleet/out/all devices.txt"].decode().splitlines()
        assert sorted(json.loads(line)["id"] for line in exported) == sorted(f"device-{number}" for number in range(3_000))

        wrong = api.post("/jobs/create", json={"type": "export", "outputBlobContainerUri": url.replace("good", "bad")})
        assert wrong.status_code == 400
        assert wrong.headers["iothub-errorcode"] == "BlobContainerValidationError"
        assert "Unauthorized to write to output blob container" in wrong.text

        strict = plain_api(own_hub())
        before = len(Store.seen)
        refused = strict.post("/jobs/create", json={"type": "export", "outputBlobContainerUri": url})
        assert refused.status_code == 400 and "HUB_ALLOWED_HOSTS" in refused.text
        assert len(Store.seen) == before, "a host that nobody allowed hears nothing"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def test_configurations_come_along(own_hub):
    """Out of one hub and into another, in the file that Azure's tools know."""
    first = plain_api(own_hub())
    files = Files(first, None)
    body = {
        "id": "heating",
        "content": {"deviceContent": {"properties.desired.level": 21}},
        "targetCondition": "tags.site = 'a'",
        "priority": 4,
    }
    assert first.put("/configurations/heating", json=body).status_code == 200
    export = start(first, type="export", outputBlobContainerUri=files.url, includeConfigurations=True)
    assert ended(first, export)["status"] == "completed"
    lines = files.read("configurations.txt")
    assert [json.loads(line)["Id"] for line in lines] == ["heating"]

    second = plain_api(own_hub())
    files = Files(second, None)
    files.write("devices.txt", [device_line("pump", tags={"site": "a"})])
    files.write("configurations.txt", [*lines, json.dumps({"Id": "Not Legal", "Content": {}})])
    imported = start(
        second, type="import", inputBlobContainerUri=files.url, outputBlobContainerUri=files.url, includeConfigurations=True
    )
    done = ended(second, imported)
    assert (done["status"], done["succeededCount"], done["failedCount"]) == ("completed", 1, 1), done
    read = second.get("/configurations/heating").json()
    assert (read["priority"], read["content"]) == (4, body["content"])
    log = [json.loads(line) for line in files.read("importErrors.log")]
    assert [(entry["configurationId"], entry["line"]) for entry in log] == [("Not Legal", 2)]
    eventually(lambda: second.twin("pump")["properties"]["desired"].get("level") == 21, 10, "the device is a target")
