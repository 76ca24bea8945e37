// Devices that connect once, report their properties, and go: MQTT over WebSocket with an
// unmodified client, some at a time.

import { createHmac } from "node:crypto";

import mqtt from "mqtt";

/** Devices under way at a time. */
const PARALLEL = 64;
const PATIENCE_MS = 30_000;
const TOKEN_SECONDS = 3_600;
const ANSWERS = "$iothub/twin/res/#";

function password(host, id, key) {
  const resource = encodeURIComponent(`${host}/devices/${id}`);
  const expiry = Math.floor(Date.now() / 1000) + TOKEN_SECONDS;
  const signature = createHmac("sha256", Buffer.from(key, "base64")).update(`${resource}\n${expiry}`).digest("base64");
  return `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${expiry}`;
}

/** One device: its patch is stored when this ends. */
async function report(hub, host, id, key, patch) {
  const url = hub.url.replace(/^http/, "ws").replace(/\/$/, "");
  const client = mqtt.connect(`${url}/$iothub/websocket`, {
    clientId: id,
    username: `${host}/${id}/?api-version=2021-04-12`,
    password: password(host, id, key),
    protocolVersion: 4,
    reconnectPeriod: 0,
    connectTimeout: PATIENCE_MS,
  });
  try {
    await new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${id} got no answer`)), PATIENCE_MS);
      const done = (error) => {
        clearTimeout(late);
        if (error) reject(error);
        else resolve();
      };
      client.on("error", done);
      client.on("connect", () => {
        client.subscribe(ANSWERS, { qos: 0 }, (error) => {
          if (error) return done(error);
          client.publish("$iothub/twin/PATCH/properties/reported/?$rid=1", JSON.stringify(patch), { qos: 0 });
        });
      });
      client.on("message", (topic) => done(topic.startsWith("$iothub/twin/res/204") ? undefined : new Error(`${id}: ${topic}`)));
    });
  } finally {
    client.end(true);
  }
}

/** All of `count` devices; `describe(number)` gives `{id, key, patch}`. */
export async function reportAll(context, hub, count, describe) {
  const host = /HostName=([^;]+)/.exec(hub.connectionString)[1];
  let next = 0;
  let told = 0;
  const worker = async () => {
    while (next < count) {
      context.signal.throwIfAborted();
      const { id, key, patch } = describe(next++);
      await report(hub, host, id, key, patch);
      if (next - told >= 20_000) {
        told = next;
        context.progress(`${next} of ${count} devices have reported`);
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}
