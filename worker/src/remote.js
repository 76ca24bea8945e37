// A call to an object in one crossing: bytes go in and bytes come out. As texts they would
// be decoded and encoded again on either side, and fill the runtime's heap.
// No rule of the hub lives in this file.

/** An object of a namespace, by name. */
export class Remote {
  constructor(env, binding, name) {
    this.stub = env[binding].getByName(name);
  }

  /** Sends bytes; those of the answer. */
  async post(url, body) {
    const response = await this.stub.fetch(url, { method: "POST", body });
    const answer = await response.arrayBuffer();
    release(body);
    if (!response.ok) throw new Error(`status ${response.status}`);
    return new Uint8Array(answer);
  }

  /** Hands a socket over: with these headers, and no other of its client's. */
  upgrade(url, protocol, header, certificate) {
    const headers = { upgrade: "websocket", "sec-websocket-protocol": protocol };
    if (certificate !== undefined) headers[header] = certificate;
    return this.stub.fetch(url, { headers });
  }
}

/** What such a call brings. */
export async function received(request) {
  return new Uint8Array(await request.arrayBuffer());
}

/** Gives the memory of bytes back now: the collector sees a small object and takes its time. */
export function release(bytes) {
  bytes.buffer.transfer(0);
}
