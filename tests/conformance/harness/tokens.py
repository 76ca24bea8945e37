"""Shared access signature tokens, made the way the contract describes (device.md §2.3, service.md §2.2).

Independent of every SDK, so that the hub's verification has a second opinion.
"""

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass
from urllib.parse import quote


def sign(raw_resource: str, expiry: str, key: str) -> str:
    """The unescaped signature over `raw_resource`, exactly as it will stand in the token."""
    text = f"{raw_resource}\n{expiry}".encode()
    return base64.b64encode(hmac.new(base64.b64decode(key), text, hashlib.sha256).digest()).decode()


def token(raw_resource: str, key: str, *, policy: str | None = None, lifetime: float = 3600, expiry: str | None = None) -> str:
    """A whole token. `raw_resource` is used as given; the caller decides about its escapes."""
    expires = expiry if expiry is not None else str(int(time.time() + lifetime))
    signature = quote(sign(raw_resource, expires, key), safe="")
    name = f"&skn={quote(policy, safe='')}" if policy else ""
    return f"SharedAccessSignature sr={raw_resource}&sig={signature}&se={expires}{name}"


@dataclass(frozen=True)
class ConnectionString:
    """`HostName=…;SharedAccessKeyName=…;SharedAccessKey=…` or the device form."""

    fields: dict[str, str]

    @classmethod
    def parse(cls, text: str) -> "ConnectionString":
        """Splits on `;`, then on the first `=` (service.md §2.1)."""
        return cls(dict(part.split("=", 1) for part in text.split(";") if part))

    @property
    def host_name(self) -> str:
        return self.fields["HostName"]

    @property
    def policy(self) -> str:
        return self.fields["SharedAccessKeyName"]

    @property
    def key(self) -> str:
        return self.fields["SharedAccessKey"]

    def with_host(self, host_name: str) -> str:
        """The same credentials for another host name."""
        return ";".join(f"{name}={value}" for name, value in {**self.fields, "HostName": host_name}.items())


@dataclass(frozen=True)
class DeviceCredentials:
    """One identity of the registry, with what it needs to connect."""

    host_name: str
    device_id: str
    primary_key: str
    secondary_key: str
    module_id: str | None = None

    @property
    def client_id(self) -> str:
        return self.device_id if self.module_id is None else f"{self.device_id}/{self.module_id}"

    @property
    def user_name(self) -> str:
        return f"{self.host_name}/{self.client_id}/?api-version=2021-04-12&DeviceClientType=conformance%2F1.0"

    @property
    def resource(self) -> str:
        module = "" if self.module_id is None else f"/modules/{self.module_id}"
        return f"{self.host_name}/devices/{self.device_id}{module}"

    def token(self, *, key: str | None = None, lifetime: float = 3600, expiry: str | None = None) -> str:
        """A token signed by the primary key, or by `key`."""
        return token(quote(self.resource, safe=""), key or self.primary_key, lifetime=lifetime, expiry=expiry)

    def connection_string(self, *, key: str | None = None) -> str:
        module = "" if self.module_id is None else f";ModuleId={self.module_id}"
        return (
            f"HostName={self.host_name};DeviceId={self.device_id}{module}"
            f";SharedAccessKey={key or self.primary_key}"
        )
