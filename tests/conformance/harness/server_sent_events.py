"""Server-sent events of a streamed response."""

import json
from typing import Iterator


def server_sent_events(stream) -> Iterator[tuple[str, dict]]:
    """Name and data of a stream's events; byte by byte, since a larger chunk would wait for the stream to fill it."""
    fields: dict[str, str] = {}
    for line in stream.iter_lines(chunk_size=1):
        if line:
            name, _, value = line.decode().partition(":")
            fields[name] = value.removeprefix(" ")
            continue
        if "data" in fields:
            yield fields["event"], json.loads(fields["data"])
        fields = {}
