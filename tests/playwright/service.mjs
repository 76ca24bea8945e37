// The service REST API, as a back end would use it beside the console.
import { createHmac } from 'node:crypto';

/** `A=b;C=d` as an object. */
export function parseConnectionString(text) {
  return Object.fromEntries(text.split(';').filter(Boolean).map((part) => {
    const at = part.indexOf('=');
    return [part.slice(0, at), part.slice(at + 1)];
  }));
}

/** A token over `resource` (device.md §2.3, service.md §2.2). */
export function sasToken(resource, key, policy) {
  const escaped = encodeURIComponent(resource);
  const expiry = Math.floor(Date.now() / 1000) + 3600;
  const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(`${escaped}\n${expiry}`).digest('base64');
  const name = policy ? `&skn=${policy}` : '';
  return `SharedAccessSignature sr=${escaped}&sig=${encodeURIComponent(signature)}&se=${expiry}${name}`;
}

/** Signed requests as iothubowner. */
export class Service {
  constructor(ready) {
    const owner = parseConnectionString(ready.connectionString);
    this.url = ready.url;
    this.owner = owner;
    this.hostName = owner.HostName.split(':')[0];
  }

  async request(method, path, body, headers = {}) {
    const separator = path.includes('?') ? '&' : '?';
    const answer = await fetch(`${this.url}${path}${separator}api-version=2021-04-12`, {
      method,
      headers: {
        Authorization: sasToken(this.hostName, this.owner.SharedAccessKey, this.owner.SharedAccessKeyName),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json; charset=utf-8' }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  createDevice(deviceId) {
    return this.request('PUT', `/devices/${encodeURIComponent(deviceId)}`, { deviceId });
  }

  device(deviceId) {
    return this.request('GET', `/devices/${encodeURIComponent(deviceId)}`);
  }

  twin(deviceId) {
    return this.request('GET', `/twins/${encodeURIComponent(deviceId)}`);
  }

  patchTwin(deviceId, patch) {
    return this.request('PATCH', `/twins/${encodeURIComponent(deviceId)}`, patch);
  }

  async deleteDevice(deviceId) {
    await this.request('DELETE', `/devices/${encodeURIComponent(deviceId)}`, undefined, { 'If-Match': '*' });
  }

  async deleteAllDevices() {
    const at = 100;
    for (;;) {
      const ids = (await this.request('GET', '/devices')).map(({ deviceId }) => deviceId);
      if (ids.length === 0) return;
      for (let first = 0; first < ids.length; first += at) {
        const answer = await this.request('POST', '/devices', ids.slice(first, first + at).map((id) => ({ id, importMode: 'delete' })));
        if (answer?.isSuccessful === false) throw new Error(JSON.stringify(answer.errors.slice(0, 2)));
      }
    }
  }
}
