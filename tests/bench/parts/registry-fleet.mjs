// Identities by the thousand over the public API: created in bulk, read one after the other.

import { request } from "./hub-client.mjs";

const API_VERSION = "api-version=2021-04-12";
/** Most items of a bulk request (`service.md` §4.6). */
const BULK_ITEMS = 100;
/** Bulk requests under way at a time. */
const PARALLEL = 8;
/** Coprime to every size of a fleet that is used, so that reads go all over it. */
const STRIDE = 7_919;

const deviceId = (number) => `bench-${String(number).padStart(6, "0")}`;

/** Creates devices 0 to `count` - 1. */
export async function createFleet(context, runtime, count) {
  let next = 0;
  let told = 0;
  const worker = async () => {
    while (next < count) {
      context.signal.throwIfAborted();
      const from = next;
      next = Math.min(count, from + BULK_ITEMS);
      const items = Array.from({ length: next - from }, (_, index) => ({ id: deviceId(from + index), importMode: "create" }));
      const result = await request(runtime, "POST", `/devices?${API_VERSION}`, { signal: context.signal, body: items });
      if (result.isSuccessful !== true) throw new Error(`a bulk request failed: ${JSON.stringify(result.errors).slice(0, 400)}`);
      if (next - told >= 20_000) {
        told = next;
        context.progress(`${next} of ${count} devices created`);
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  const { totalDeviceCount } = await request(runtime, "GET", `/statistics/devices?${API_VERSION}`, { signal: context.signal });
  if (totalDeviceCount !== count) throw new Error(`the hub has ${totalDeviceCount} devices, not ${count}`);
}

/** Reads devices of a fleet one after the other; how long each took, in milliseconds. */
export async function readLatencies(context, runtime, count, reads) {
  const latencies = [];
  for (let index = 0; index < reads; index += 1) {
    const id = deviceId((index * STRIDE) % count);
    const started = performance.now();
    const device = await request(runtime, "GET", `/devices/${id}?${API_VERSION}`, { signal: context.signal });
    latencies.push(performance.now() - started);
    if (device.deviceId !== id) throw new Error(`asked for ${id}, got ${device.deviceId}`);
  }
  return latencies;
}
