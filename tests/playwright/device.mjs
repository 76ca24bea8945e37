// A real device of the tests: plain MQTT over WebSocket, all a device does.
import mqtt from 'mqtt';
import { sasToken } from './service.mjs';

/** Connects, applies desired changes, answers methods, takes messages. */
export class Device {
  /** `methods` maps a method name to a function from payload to [status, payload]. */
  constructor(service, identity, methods = {}) {
    this.service = service;
    this.id = identity.deviceId;
    this.key = identity.authentication.symmetricKey.primaryKey;
    this.methods = methods;
    this.messages = [];
  }

  async connect() {
    const host = this.service.hostName;
    this.client = mqtt.connect(`${this.service.url.replace('http', 'ws')}/$iothub/websocket`, {
      protocolVersion: 4,
      clean: false,
      reconnectPeriod: 0,
      clientId: this.id,
      username: `${host}/${this.id}/?api-version=2021-04-12&DeviceClientType=browser-tests%2F1.0`,
      password: sasToken(`${host}/devices/${this.id}`, this.key),
    });
    this.closed = new Promise((resolve) => this.client.once('close', resolve));
    // Before the connection stands: what waited in the session arrives right behind its CONNACK.
    this.client.on('message', (topic, payload) => this.receive(topic, payload));
    await new Promise((resolve, reject) => {
      this.client.once('connect', resolve);
      this.client.once('error', reject);
      this.client.once('close', () => reject(new Error(`the hub closed the connection of ${this.id}`)));
    });
    await this.client.subscribeAsync(`devices/${this.id}/messages/devicebound/#`, { qos: 1 });
    await this.client.subscribeAsync('$iothub/twin/PATCH/properties/desired/#', { qos: 0 });
    await this.client.subscribeAsync('$iothub/methods/POST/#', { qos: 0 });
  }

  receive(topic, payload) {
    if (topic.startsWith('$iothub/twin/PATCH/properties/desired/')) {
      const { $version, ...desired } = JSON.parse(payload);
      this.report(desired);
      return;
    }
    const call = /^\$iothub\/methods\/POST\/([^/]+)\/\?\$rid=(.+)$/.exec(topic);
    if (call) {
      const [status, answer] = this.methods[call[1]]?.(JSON.parse(payload.toString() || 'null')) ?? [404, null];
      this.client.publish(`$iothub/methods/res/${status}/?$rid=${call[2]}`, JSON.stringify(answer));
      return;
    }
    this.messages.push({ topic, body: payload.toString() });
  }

  report(document) {
    return this.client.publishAsync('$iothub/twin/PATCH/properties/reported/?$rid=1', JSON.stringify(document), { qos: 1 });
  }

  /** Resolves once the hub stored it. */
  send(body) {
    return this.client.publishAsync(
      `devices/${this.id}/messages/events/%24.ct=application%2Fjson&%24.ce=utf-8`, JSON.stringify(body), { qos: 1 },
    );
  }

  async close() {
    await this.client?.endAsync(true);
  }
}
