// Drives the plain npm `mqtt` client over WebSocket with TLS, as device.md §10.4 writes it down.
import { readFileSync } from 'node:fs';
import mqtt from 'mqtt';
import { emit, serve } from './agent.mjs';

let client;

serve({
  async open({ url, caFile, hostName, clientId, username, password, clean, keepalive, reconnectPeriod, will }) {
    return new Promise((resolve, reject) => {
      client = mqtt.connect(url, {
        protocolVersion: 4,
        clean: clean ?? false,
        clientId,
        username,
        password,
        keepalive: keepalive ?? 60,
        reconnectPeriod: reconnectPeriod ?? 0,
        resubscribe: false,
        ca: caFile ? readFileSync(caFile) : undefined,
        wsOptions: caFile ? { ca: readFileSync(caFile), servername: hostName } : {},
        will,
      });
      client.on('connect', (packet) => {
        emit('connect', { sessionPresent: packet.sessionPresent });
        resolve({ sessionPresent: packet.sessionPresent });
      });
      client.on('error', (error) => reject(Object.assign(error, { message: `${error.code ?? ''} ${error.message}` })));
      client.on('close', () => emit('close', null));
      client.on('message', (topic, payload, packet) =>
        emit('message', { topic, payload: payload.toString(), qos: packet.qos, dup: packet.dup, retain: packet.retain }));
    });
  },

  async subscribe({ filter, qos }) {
    const granted = await client.subscribeAsync(filter, { qos });
    return granted.map((entry) => entry.qos);
  },

  async unsubscribe({ filter }) {
    await client.unsubscribeAsync(filter);
  },

  // Resolves when the hub acknowledged (QoS 1) or the bytes were written (QoS 0).
  async publish({ topic, payload, qos, retain }) {
    await client.publishAsync(topic, payload, { qos, retain: retain ?? false });
  },

  async dropSocket() {
    client.stream.destroy();
  },

  async close() {
    await client.endAsync();
  },
});
