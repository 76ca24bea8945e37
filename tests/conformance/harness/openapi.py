"""Answers against the schemas of an OpenAPI document: the part of JSON Schema that the hub's document uses."""

from typing import Any, Iterator

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


class Document:
    """The document, and what does not fit it."""

    def __init__(self, document: dict[str, Any]):
        self.document = document

    def resolved(self, part: dict[str, Any]) -> dict[str, Any]:
        """What stands for a reference."""
        while "$ref" in part:
            found: Any = self.document
            for name in part["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            part = found
        return part

    def answer_schema(self, operation: dict[str, Any], status: int) -> dict[str, Any] | None:
        """The schema of a JSON answer; none if the document has no such answer or no JSON in it."""
        answer = operation["responses"].get(str(status))
        content = self.resolved(answer or {}).get("content", {})
        return content.get("application/json", {}).get("schema")

    def problems(self, schema: dict[str, Any], value: Any, place: str = "") -> Iterator[str]:
        """Where a value is none of a schema, or holds what the document does not tell of."""
        schema = self.resolved(schema)
        if "oneOf" in schema:
            tried = [list(self.problems(one, value, place)) for one in schema["oneOf"]]
            yield from min(tried, key=len)
        for one in schema.get("allOf", []):
            yield from self.problems(one, value, place)
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if kinds and not any(is_of(kind, value) for kind in kinds):
            yield f"{place} is no {' or '.join(kinds)}: {value!r}"
            return
        if "enum" in schema and value is not None and value not in schema["enum"]:
            yield f"{place} is none of {schema['enum']}: {value!r}"
        if isinstance(value, list) and "items" in schema:
            for index, item in enumerate(value):
                yield from self.problems(schema["items"], item, f"{place}[{index}]")
        if isinstance(value, dict):
            yield from self._members(schema, value, place)

    def _members(self, schema: dict[str, Any], value: dict[str, Any], place: str) -> Iterator[str]:
        known = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in value:
                yield f"{place} has no {name}"
        others = schema.get("additionalProperties", not known)
        for name, member in value.items():
            if name in known:
                yield from self.problems(known[name], member, f"{place}.{name}")
            elif isinstance(others, dict):
                yield from self.problems(others, member, f"{place}.{name}")
            elif others is False:
                yield f"{place}.{name} is not described"


def is_of(kind: str, value: Any) -> bool:
    """Whether a value is of a type; booleans are no numbers."""
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[kind])
