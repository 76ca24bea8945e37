"""The unmodified PyPI `azure-iot-device`, reached through a relay (device.md §10.4, recipe C)."""

import logging
from typing import Any, Callable

from azure.iot.device import IoTHubDeviceClient, IoTHubModuleClient, MethodResponse, ProxyOptions

from .relay import Relay
from .tokens import DeviceCredentials
from .waiting import eventually


class SdkLog(logging.Handler):
    """What the SDK says it puts on the wire; TLS hides it from the relay."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    def count(self, fragment: str) -> int:
        return sum(fragment in line for line in list(self.lines))


class PythonDevice:
    """One SDK client with its own relay, and lists of what it received."""

    def __init__(self, credentials: DeviceCredentials, relay: Relay, ca_text: str, *, key: str | None = None, **options: Any):
        self.credentials = credentials
        self.relay = relay
        self.messages: list[Any] = []
        self.patches: list[dict] = []
        self.method_calls: list[Any] = []
        self._log = SdkLog()
        self._logger = logging.getLogger("azure.iot.device")
        self._logger.setLevel(logging.DEBUG)
        self._logger.addHandler(self._log)
        self._logger.propagate = False
        host, port = relay.address
        kind = IoTHubModuleClient if credentials.module_id else IoTHubDeviceClient
        self.client = kind.create_from_connection_string(
            credentials.connection_string(key=key),
            websockets=True, server_verification_cert=ca_text, proxy_options=ProxyOptions("HTTP", host, port), **options,
        )  # fmt: skip

    @property
    def subscribes(self) -> int:
        """How many SUBSCRIBE packets the SDK has sent."""
        return self._log.count("_mqtt_client.subscribe returned rc=0")

    def receive_messages(self) -> None:
        self.client.on_message_received = self.messages.append

    def receive_patches(self) -> None:
        self.client.on_twin_desired_properties_patch_received = self.patches.append

    def answer_methods(self, answer: Callable[[Any], tuple[int, Any]]) -> None:
        """Answers every call with the status and payload that `answer` gives."""

        def handle(request: Any) -> None:
            self.method_calls.append(request)
            status, payload = answer(request)
            self.client.send_method_response(MethodResponse.create_from_method_request(request, status, payload))

        self.client.on_method_request_received = handle

    def ignore_methods(self) -> None:
        """Subscribes, takes calls and never answers."""
        self.client.on_method_request_received = self.method_calls.append

    def wait_connected(self, connected: bool, seconds: float) -> None:
        eventually(
            lambda: self.client.connected == connected, seconds, f"the SDK is {'connected' if connected else 'disconnected'}"
        )

    def close(self) -> None:
        try:
            self.client.shutdown()
        finally:
            self._logger.removeHandler(self._log)
            self.relay.close()
