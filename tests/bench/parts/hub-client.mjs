// What the bench asks a hub over its public API: how much the events log holds, so that
// only what is really stored counts.

import { createHmac } from "node:crypto";

const TOKEN_SECONDS = 600;
const PATIENCE_MS = 30_000;

/** A SAS token of a policy (`service.md` §2). */
export function policyToken(connectionString, now = Date.now()) {
  const parts = Object.fromEntries(
    connectionString.split(";").map((part) => [part.slice(0, part.indexOf("=")), part.slice(part.indexOf("=") + 1)]),
  );
  const resource = encodeURIComponent(parts.HostName);
  const expiry = Math.floor(now / 1000) + TOKEN_SECONDS;
  const signature = createHmac("sha256", Buffer.from(parts.SharedAccessKey, "base64")).update(`${resource}\n${expiry}`).digest("base64");
  return `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${expiry}&skn=${parts.SharedAccessKeyName}`;
}

/** A signed request of `iothubowner`: the answer's document. */
export async function request(runtime, method, path, { body, signal } = {}) {
  const response = await fetch(new URL(path, runtime.url), {
    method,
    headers: { authorization: policyToken(runtime.connectionString), "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.any([AbortSignal.timeout(PATIENCE_MS), ...(signal ? [signal] : [])]),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 400)}`);
  return JSON.parse(text);
}

async function get(runtime, path, headers = {}) {
  const response = await fetch(new URL(path, runtime.url), { headers, signal: AbortSignal.timeout(PATIENCE_MS) });
  const text = await response.text();
  if (!response.ok) throw new Error(`GET ${path} answered ${response.status}: ${text.slice(0, 400)}`);
  return JSON.parse(text);
}

/** How many events all partitions have stored since the hub exists. */
export async function storedEvents(runtime) {
  const { partitions } = await get(runtime, "/api/v1/events/info", { authorization: policyToken(runtime.connectionString) });
  return partitions.reduce((sum, partition) => sum + partition.lastSequenceNumber, 0);
}

/** Row writes so far by statement; only a hub of the kind `counted-hub` answers. */
export async function rowWrites(runtime) {
  const { watching, counts } = await get(runtime, "/bench/row-writes");
  if (!watching) throw new Error("no object was started under the row counter");
  return counts;
}
