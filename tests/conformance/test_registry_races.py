"""Two writers with the same ETag: exactly one of them wins, every time (service.md §4.1, §6.2).

Both requests are on the wire, on connections of their own, before either answer is read. So they
meet in the hub, and no thread of this process decides who comes first.
"""

import http.client
import json
import time

import pytest

from harness.rest import API_VERSION

ROUNDS = 1000


class Writer:
    """A client of its own: one connection, one kind of write."""

    def __init__(self, name, hub, api, method, path):
        self.name = name
        self._connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=30)
        self._method = method
        self._path = f"{path}?api-version={API_VERSION}"
        self._headers = {"Authorization": api.authorization(), "Content-Type": "application/json"}

    def send(self, body, etag):
        headers = {**self._headers, "If-Match": f'"{etag}"'}
        self._connection.request(self._method, self._path, json.dumps(body), headers)

    def answer(self):
        response = self._connection.getresponse()
        return response.status, response.headers, json.loads(response.read())

    def close(self):
        self._connection.close()


def identity(document):
    """A whole identity with another reason: a write without keys would mint new ones."""
    return lambda mark: {**document, "statusReason": mark}


def module_identity(document):
    return lambda mark: {**document, "managedBy": mark}


def twin(_):
    return lambda mark: {"tags": {"writer": mark}, "properties": {"desired": {"writer": mark}}}


CASES = {
    "identity": ("PUT", "/devices/{device}", identity, lambda shown: shown["statusReason"]),
    "module identity": ("PUT", "/devices/{device}/modules/camera", module_identity, lambda shown: shown["managedBy"]),
    "twin": ("PATCH", "/twins/{device}", twin, lambda shown: shown["tags"]["writer"]),
    "module twin": ("PUT", "/twins/{device}/modules/camera", twin, lambda shown: shown["properties"]["desired"]["writer"]),
}


@pytest.mark.parametrize("case", CASES)
def test_one_of_two_writers_with_the_same_etag_wins(hub, api, device, capsys, case):
    method, template, body, mark_of = CASES[case]
    api.create_module(device.device_id, "camera")
    path = template.format(device=device.device_id)
    document = api.get(path).json()
    body_for = body(document)
    etag = document["etag"]
    writers = [Writer(name, hub, api, method, path) for name in ("a", "b")]
    wins = {"a": 0, "b": 0}
    started = time.monotonic()
    try:
        for number in range(ROUNDS):
            # Who is sent first changes from round to round.
            order = writers if number % 2 == 0 else writers[::-1]
            for writer in order:
                writer.send(body_for(f"{writer.name}-{number}"), etag)
            answers = {writer.name: writer.answer() for writer in order}
            statuses = sorted(status for status, _, _ in answers.values())
            assert statuses == [200, 412], f"round {number}: {answers}"
            winner = next(name for name, (status, _, _) in answers.items() if status == 200)
            loser = "b" if winner == "a" else "a"
            assert answers[loser][1]["iothub-errorcode"] == "PreconditionFailed", answers[loser]
            shown = answers[winner][2]
            assert mark_of(shown) == f"{winner}-{number}"
            assert shown["etag"] != etag, "a write moves the etag"
            etag = shown["etag"]
            wins[winner] += 1
    finally:
        for writer in writers:
            writer.close()
    stored = api.get(path).json()
    assert (stored["etag"], mark_of(stored)) == (etag, mark_of(shown)), "what the last winner wrote is there"
    with capsys.disabled():
        print(f"\n{case}: {sum(wins.values())} rounds, one winner each (a {wins['a']}, b {wins['b']}), {time.monotonic() - started:.1f} s")
