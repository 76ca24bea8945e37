// Drives the unmodified npm `azure-iot-device` with `azure-iot-device-mqtt` (MqttWs), by recipe C of
// device.md §10.4: the SDK believes that it talks to port 443 of its hub; the agent given through
// its public options takes the connection to the test's relay.
import https from 'node:https';
import tls from 'node:tls';
import { readFileSync } from 'node:fs';
import device from 'azure-iot-device';
import mqttTransport from 'azure-iot-device-mqtt';
import common from 'azure-iot-common';
import { describeError, emit, serve } from './agent.mjs';

const { Client, Message } = device;
let client;
let twin;

/** Sends every connection to the relay, and still demands the certificate of the hub's name. */
class RelayAgent extends https.Agent {
  constructor(relay, hostName) {
    super();
    this.relay = relay;
    this.hostName = hostName;
  }

  createConnection(options, callback) {
    return tls.connect({ ...options, host: this.relay[0], port: this.relay[1], servername: this.hostName }, callback);
  }
}

serve({
  async open({ connectionString, hostName, relay, caFile, retry }) {
    client = Client.fromConnectionString(connectionString, mqttTransport.MqttWs);
    if (!retry) client.setRetryPolicy(new common.NoRetry());
    client.on('disconnect', (reason) => emit('disconnect', describeError(reason)));
    client.on('error', (error) => emit('error', describeError(error)));
    await client.setOptions({ ca: readFileSync(caFile, 'utf8'), mqtt: { webSocketAgent: new RelayAgent(relay, hostName) } });
    await client.open();
  },

  async sendEvent({ body, bodySize, messageId, contentType, contentEncoding, properties }) {
    const message = new Message(bodySize === undefined ? body : Buffer.alloc(bodySize, 'x'));
    if (messageId) message.messageId = messageId;
    if (contentType) message.contentType = contentType;
    if (contentEncoding) message.contentEncoding = contentEncoding;
    for (const [name, value] of Object.entries(properties ?? {})) message.properties.add(name, value);
    await client.sendEvent(message);
  },

  async watchMessages() {
    client.on('message', (message) => {
      const properties = Object.fromEntries(message.properties.propertyList.map(({ key, value }) => [key, value]));
      emit('message', { body: message.getData().toString(), messageId: message.messageId, properties });
      client.complete(message, () => {});
    });
  },

  async getTwin() {
    twin = await client.getTwin();
    return { desired: twin.properties.desired, reported: { ...twin.properties.reported, update: undefined } };
  },

  async watchDesired() {
    twin.on('properties.desired', (delta) => emit('desired', delta));
  },

  async report({ patch }) {
    await new Promise((resolve, reject) => {
      twin.properties.reported.update(patch, (error) => (error ? reject(error) : resolve()));
    });
  },

  async answerMethod({ name, status, payload }) {
    client.onDeviceMethod(name, (request, response) => {
      emit('method', { name: request.methodName, payload: request.payload });
      response.send(status, payload);
    });
  },

  async close() {
    await client.close();
  },
});
