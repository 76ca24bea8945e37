// Uploads files with the unmodified npm `azure-iot-device`: its own HTTPS calls, and inside of it
// the npm `@azure/storage-blob`.
import { Readable } from 'node:stream';
import device from 'azure-iot-device';
import mqttTransport from 'azure-iot-device-mqtt';
import common from 'azure-iot-common';
import { serve } from './agent.mjs';

let client;

serve({
  async open({ connectionString }) {
    client = device.Client.fromConnectionString(connectionString, mqttTransport.MqttWs);
    client.setRetryPolicy(new common.NoRetry());
  },

  /** Everything in one call: begins, sends, reports. */
  async uploadToBlob({ name, size }) {
    await client.uploadToBlob(name, Readable.from([Buffer.alloc(size, 'x')]), size);
  },

  async getBlobSharedAccessSignature({ name }) {
    return client.getBlobSharedAccessSignature(name);
  },

  async notifyBlobUploadStatus({ correlationId, isSuccess }) {
    await client.notifyBlobUploadStatus(correlationId, isSuccess, isSuccess ? 200 : 500, 'said by the test');
  },
});
