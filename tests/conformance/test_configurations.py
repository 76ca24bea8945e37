"""Configurations (service.md §11) by PyPI `azure-iot-hub` and npm `azure-iothub`, unmodified."""

import pytest
from azure.iot.hub import IoTHubConfigurationManager
from azure.iot.hub.protocol.models import (
    Configuration,
    ConfigurationContent,
    ConfigurationMetrics,
    ConfigurationQueriesTestInput,
)
from msrest.exceptions import HttpOperationError

from harness.node_agent import NodeError
from harness.waiting import eventually

@pytest.fixture
def manager(hub, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", hub.ca_file)
    return IoTHubConfigurationManager.from_connection_string(hub.owner.with_host(f"localhost:{hub.https_port}"))


@pytest.fixture
def clean(api):
    """Names of configurations that are gone afterwards."""
    names = ["python-c", "python-low", "node-c"]
    yield names
    for name in names:
        api.delete(f"/configurations/{name}")


@pytest.fixture
def edge(api):
    api.put("/devices/edge-configured", json={"capabilities": {"iotEdge": True}})
    yield "edge-configured"
    api.delete("/devices/edge-configured", headers={"If-Match": "*"})


def status_of(error: pytest.ExceptionInfo) -> int:
    return error.value.response.status_code


def configuration(name: str, target: str, desired: dict, **fields) -> Configuration:
    content = ConfigurationContent(device_content={"properties.desired.configured": desired})
    return Configuration(id=name, content=content, target_condition=target, **fields)


def tag(api, device, site: str) -> None:
    written = api.patch(f"/twins/{device.device_id}", json={"tags": {"site": site}})
    assert written.status_code == 200


def twin_of(api, device_id: str, module: str = "") -> dict:
    return api.get(f"/twins/{device_id}{module}").json()


def test_python_life_cycle(manager, api, device, clean):
    tag(api, device, "configured")
    queries = {"told": "SELECT deviceId FROM devices WHERE is_defined(properties.desired.configured)"}
    wanted = configuration(
        "python-c", "tags.site = 'configured'", {"hz": 5}, priority=10, labels={"a": "b"},
        metrics=ConfigurationMetrics(queries=queries),
    )  # fmt: skip
    created = manager.create_configuration(wanted)
    assert (created.id, created.priority, created.labels) == ("python-c", 10, {"a": "b"})
    assert created.system_metrics.results == {}
    with pytest.raises(HttpOperationError) as conflict:
        manager.create_configuration(wanted)
    assert status_of(conflict) == 409

    def applied() -> bool:
        return twin_of(api, device.device_id).get("configurations") == {"python-c": {"status": "Applied"}}

    eventually(applied, 10, "the device is a target")
    assert twin_of(api, device.device_id)["properties"]["desired"]["configured"] == {"hz": 5}
    read = manager.get_configuration("python-c")
    assert read.system_metrics.results == {"targetedCount": 1, "appliedCount": 1}
    assert read.metrics.results == {"told": 1}
    assert read.content.device_content == {"properties.desired.configured": {"hz": 5}}
    assert "python-c" in [one.id for one in manager.get_configurations(max_count=100)]

    # The SDK sends etags without quotes.
    read.priority = 11
    read.content = ConfigurationContent(device_content={"properties.desired.other": 1})
    updated = manager.update_configuration(read, created.etag)
    assert updated.priority == 11
    assert updated.content.device_content == {"properties.desired.configured": {"hz": 5}}
    with pytest.raises(HttpOperationError) as stale:
        manager.update_configuration(read, created.etag)
    assert status_of(stale) == 412
    assert manager.update_configuration(read, "*").etag != updated.etag

    manager.delete_configuration("python-c")
    with pytest.raises(HttpOperationError) as absent:
        manager.get_configuration("python-c")
    assert status_of(absent) == 404
    eventually(lambda: "configurations" not in twin_of(api, device.device_id), 10, "the mark is gone")
    assert twin_of(api, device.device_id)["properties"]["desired"]["configured"] == {"hz": 5}


def test_python_priorities_and_leaving_the_target(manager, api, device, clean):
    tag(api, device, "two")
    manager.create_configuration(configuration("python-low", "*", {"hz": 1}, priority=1))
    manager.create_configuration(configuration("python-c", "tags.site = 'two'", {"hz": 2}, priority=2))

    def hz() -> int | None:
        return twin_of(api, device.device_id)["properties"]["desired"].get("configured", {}).get("hz")

    eventually(lambda: hz() == 2, 10, "the higher priority wins")
    explained = api.get(f"/api/v1/devices/{device.device_id}/effective-configuration", api_version=None).json()
    (leaf,) = explained["desired"]
    assert (leaf["configuration"], leaf["lost"][0]["configuration"]) == ("python-c", "python-low")
    assert leaf["lost"][0]["reason"] == "priority"
    tag(api, device, "elsewhere")
    assert hz() == 1, "at once"


def test_python_test_queries(manager):
    fine = ConfigurationQueriesTestInput(target_condition="tags.a = 1", custom_metric_queries={"m": "SELECT deviceId FROM devices"})
    answer = manager.test_configuration_queries(fine)
    assert (answer.target_condition_error, answer.custom_metric_query_errors) == (None, {})
    broken = ConfigurationQueriesTestInput(target_condition="tags.", custom_metric_queries={"m": "SELECT"})
    answer = manager.test_configuration_queries(broken)
    assert "line 1" in answer.target_condition_error
    assert list(answer.custom_metric_query_errors) == ["m"]


def test_python_edge(manager, api, device, edge, clean):
    once = ConfigurationContent(modules_content={"$edgeAgent": {"properties.desired": {"modules": {"a": {"v": 1}}}}})
    manager.apply_configuration_on_edge_device(edge, once)
    agent = "/modules/%24edgeAgent"
    assert twin_of(api, edge, agent)["properties"]["desired"]["modules"] == {"a": {"v": 1}}
    with pytest.raises(HttpOperationError) as refused:
        manager.apply_configuration_on_edge_device(device.device_id, once)
    assert status_of(refused) == 400

    layer = ConfigurationContent(modules_content={"$edgeAgent": {"properties.desired.modules.b": {"v": 2}}})
    manager.create_configuration(Configuration(id="python-c", content=layer, target_condition="*"))

    def both() -> bool:
        return twin_of(api, edge, agent)["properties"]["desired"]["modules"] == {"a": {"v": 1}, "b": {"v": 2}}

    eventually(both, 10, "the layer is added")
    results = manager.get_configuration("python-c").system_metrics.results
    assert results["targetedCount"] == results["appliedCount"] >= 1


def test_node_life_cycle(call, api, device, clean):
    tag(api, device, "node")
    body = {
        "id": "node-c",
        "schemaVersion": "1.0",
        "content": {"deviceContent": {"properties.desired.node": {"v": 1}}},
        "targetCondition": "tags.site = 'node'",
        "priority": 3,
        "metrics": {"queries": {"all": "SELECT deviceId FROM devices WHERE tags.site = 'node'"}},
    }
    created = call("addConfiguration", body)
    assert (created["id"], created["schemaVersion"]) == ("node-c", "1.0")
    with pytest.raises(NodeError):
        call("addConfiguration", body)
    eventually(
        lambda: twin_of(api, device.device_id).get("configurations") == {"node-c": {"status": "Applied"}},
        10, "the device is a target",
    )  # fmt: skip
    read = call("getConfiguration", "node-c")
    assert read["systemMetrics"]["results"] == {"targetedCount": 1, "appliedCount": 1}
    assert read["metrics"]["results"] == {"all": 1}
    assert "node-c" in [one["id"] for one in call("getConfigurations")]
    # The SDK sends etags in quotes.
    updated = call("updateConfiguration", {**read, "priority": 4})
    assert (updated["priority"], updated["etag"] != read["etag"]) == (4, True)
    with pytest.raises(NodeError) as stale:
        call("updateConfiguration", {**read, "priority": 5})
    assert stale.value.name == "InvalidEtagError"
    assert call("updateConfiguration", {**read, "priority": 5}, True)["priority"] == 5
    call("removeConfiguration", "node-c")
    with pytest.raises(NodeError):
        call("getConfiguration", "node-c")


def test_node_content_for_an_edge_device(call, api, edge):
    content = {"modulesContent": {"$edgeAgent": {"properties.desired": {"modules": {"c": 1}}}}}
    call("applyConfigurationContentOnDevice", edge, content)
    assert twin_of(api, edge, "/modules/%24edgeAgent")["properties"]["desired"]["modules"] == {"c": 1}
