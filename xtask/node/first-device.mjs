// Creates the device `my-first-device` unless it exists, and prints its connection
// string as JSON. Reads `{ "url", "connectionString" }` from standard input: secrets
// do not belong in arguments.

import { createHmac } from "node:crypto";
import { text } from "node:stream/consumers";

const DEVICE = "my-first-device";
const API_VERSION = "2021-04-12";

const { url, connectionString } = JSON.parse(await text(process.stdin));
const parts = Object.fromEntries(
  connectionString.split(";").map((part) => {
    const at = part.indexOf("=");
    return [part.slice(0, at), part.slice(at + 1)];
  }),
);

function token() {
  const resource = encodeURIComponent(parts.HostName);
  const expiry = Math.floor(Date.now() / 1000) + 300;
  const signature = createHmac("sha256", Buffer.from(parts.SharedAccessKey, "base64"))
    .update(`${resource}\n${expiry}`)
    .digest("base64");
  return `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${expiry}&skn=${parts.SharedAccessKeyName}`;
}

async function device(method, body) {
  const response = await fetch(new URL(`/devices/${DEVICE}?api-version=${API_VERSION}`, url), {
    method,
    headers: { authorization: token(), "content-type": "application/json" },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(15_000),
  });
  const answer = await response.text();
  return { status: response.status, answer };
}

let { status, answer } = await device("GET");
if (status === 404) {
  ({ status, answer } = await device("PUT", {
    deviceId: DEVICE,
    status: "enabled",
    authentication: { type: "sas", symmetricKey: {} },
  }));
}
if (status !== 200 && status !== 201) {
  console.error(`the hub answered ${status} when asked for ${DEVICE}: ${answer.slice(0, 400)}`);
  process.exit(1);
}
const key = JSON.parse(answer).authentication?.symmetricKey?.primaryKey;
if (!key) {
  console.error(`${DEVICE} has no symmetric key; delete the device and start again`);
  process.exit(1);
}
console.log(
  JSON.stringify({
    connectionString: `HostName=${parts.HostName};DeviceId=${DEVICE};SharedAccessKey=${key}`,
  }),
);
