"""The past of twins by REST: what changed, what it was, and back to it."""


def test_changes_differences_and_the_way_back(api, device):
    twin = f"/twins/{device.device_id}"
    ours = f"/api/v1/twins/{device.device_id}"
    first = api.request("PATCH", twin, json={"tags": {"site": "s1"}, "properties": {"desired": {"hz": 5}}}).json()
    second = api.request("PATCH", twin, json={"tags": {"site": None}, "properties": {"desired": {"hz": 6}}}).json()

    items = api.get(f"{ours}/history").json()["items"]
    assert [item["version"] for item in items] == [second["version"], first["version"]]
    assert items[0]["cause"] == "service" and items[0]["actor"].startswith("policy:")
    assert items[0]["sections"] == ["tags", "desired"]
    assert items[0]["patch"] == {"tags": {"site": None}, "desired": {"hz": 6}}

    past = api.get(f"{ours}/history/{first['version']}").json()
    assert past["tags"] == {"site": "s1"} and past["properties"]["desired"] == {"hz": 5, "$version": 2}
    difference = api.get(f"{ours}/history/{first['version']}?against={second['version']}").json()
    assert difference["patch"] == {"tags": {"site": "s1"}, "desired": {"hz": 5}}

    late = api.request("POST", f"{ours}/revert", json={"version": first["version"]}, headers={"If-Match": f'"{first["etag"]}"'})
    assert late.status_code == 412
    back = api.request("POST", f"{ours}/revert", json={"version": first["version"]}, headers={"If-Match": f'"{second["etag"]}"'})
    assert back.status_code == 200, back.text
    assert back.json()["tags"] == {"site": "s1"} and back.json()["version"] == second["version"] + 1


def test_bad_questions_are_answered_clearly(api, device):
    ours = f"/api/v1/twins/{device.device_id}"
    assert api.get(f"{ours}/history?top=0").status_code == 400
    assert api.get(f"{ours}/history?section=other").status_code == 400
    assert api.get(f"{ours}/history/first").status_code == 400
    assert api.get(f"{ours}/history/99").status_code == 404
    assert api.get("/api/v1/twins/nobody-there/history").status_code == 404
