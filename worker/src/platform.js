// What the platform offers only through many small crossings, done here in one each.
// No rule of the hub lives in this file.

/** What formats times of a zone; `null` for a zone that nobody knows. */
const clocks = new Map();

function clock(zone) {
  let found = clocks.get(zone);
  if (found === undefined) {
    try {
      found = new Intl.DateTimeFormat("en-US", {
        timeZone: zone,
        hourCycle: "h23",
        year: "numeric",
        month: "numeric",
        day: "numeric",
        hour: "numeric",
        minute: "numeric",
        second: "numeric",
      });
    } catch {
      found = null;
    }
    if (clocks.size >= 200) clocks.clear();
    clocks.set(zone, found);
  }
  return found;
}

/** Seconds that a zone's local time is ahead of UTC; NaN for an unknown zone. */
export function zoneOffset(zone, seconds) {
  const found = clock(zone);
  if (found === null) return NaN;
  const parts = Object.fromEntries(found.formatToParts(seconds * 1000).map((part) => [part.type, Number(part.value)]));
  const local = Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second);
  return local / 1000 - seconds;
}

/** Sockets of one gateway object, by a number that is never used twice. */
export class SocketTable {
  constructor(state) {
    this.state = state;
    this.sockets = new Map();
    this.next = 1;
  }

  /** The number of a socket; negative when it was unknown until now. */
  number(socket) {
    const known = socket.skerryNumber;
    if (known !== undefined && this.sockets.get(known) === socket) return known;
    const number = this.next++;
    socket.skerryNumber = number;
    this.sockets.set(number, socket);
    return -number;
  }

  /** Accepts a socket for hibernation. */
  accept(socket, tag) {
    this.state.acceptWebSocket(socket, [tag]);
    return -this.number(socket);
  }

  /**
   * Copies a binary message to `target`; returns its length, -1 for a text message,
   * or minus the length when it does not fit.
   */
  read(message, target) {
    if (typeof message === "string") return -1;
    const length = message.byteLength;
    if (length > target.length) return -length;
    target.set(new Uint8Array(message));
    return length;
  }

  attachment(number) {
    return this.sockets.get(number)?.deserializeAttachment() ?? "";
  }

  attach(number, text) {
    this.sockets.get(number)?.serializeAttachment(text);
  }

  /** Numbers of all live sockets, or of those with a tag. */
  live(tag) {
    const sockets = tag === undefined ? this.state.getWebSockets() : this.state.getWebSockets(tag);
    return Uint32Array.from(sockets, (socket) => Math.abs(this.number(socket)));
  }

  /** Sends packet i, which ends at ends[i], to socket numbers[i]. */
  send(numbers, ends, bytes) {
    let start = 0;
    for (let index = 0; index < numbers.length; index++) {
      const end = ends[index];
      try {
        this.sockets.get(numbers[index])?.send(bytes.slice(start, end));
      } catch {
        // The socket closed meanwhile; its close event tells the gateway.
      }
      start = end;
    }
  }

  close(number, code) {
    const socket = this.sockets.get(number);
    this.sockets.delete(number);
    try {
      socket?.close(code);
    } catch {
      // Closed already.
    }
  }

  forget(number) {
    this.sockets.delete(number);
  }
}

/** What stands for a frame that is no text of the right size. */
const CLOSED = 0;
const TOO_LARGE = 1;
const BINARY = 2;

/** Frames that may wait for whoever reads them; one more is as bad as a large one. */
const MOST_FRAMES = 1000;

/** A WebSocket of the entry point, frame by frame. */
export class FrameSocket {
  constructor(largest) {
    const pair = new WebSocketPair();
    this.client = pair[0];
    this.server = pair[1];
    this.frames = [];
    this.wake = null;
    this.server.accept();
    this.server.addEventListener("message", ({ data }) => {
      if (typeof data !== "string") this.arrived(BINARY);
      else this.arrived(data.length > largest ? TOO_LARGE : data);
    });
    this.server.addEventListener("close", () => {
      this.close(1000, "");
      this.arrived(CLOSED);
    });
    this.server.addEventListener("error", () => this.arrived(CLOSED));
  }

  arrived(frame) {
    if (this.frames.length < MOST_FRAMES) this.frames.push(frame);
    else this.frames[MOST_FRAMES - 1] = frame === CLOSED ? CLOSED : TOO_LARGE;
    this.wake?.();
  }

  /** The next frame: a text, or a number that stands for something else. */
  async next() {
    if (this.frames.length === 0) {
      await new Promise((resolve) => {
        this.wake = resolve;
      });
      this.wake = null;
    }
    return this.frames.shift();
  }

  send(text) {
    try {
      this.server.send(text);
    } catch {
      // Closed meanwhile; the next frame says so.
    }
  }

  close(code, reason) {
    try {
      this.server.close(code, reason);
    } catch {
      // Closed already.
    }
  }
}

const ROLL_BACK = Symbol("roll back");

/** Runs `work` in a transaction that is kept only if it returns true. */
export function inTransaction(storage, work) {
  try {
    storage.transactionSync(() => {
      if (!work()) throw ROLL_BACK;
    });
  } catch (error) {
    if (error !== ROLL_BACK) throw error;
  }
}

/** Whether `signature` over `data` is by `key`, a SubjectPublicKeyInfo; names are WebCrypto's. */
export async function verifySignature(name, hash, curve, key, signature, data) {
  // The arrays are views of memory that may move before the answer is there.
  const [ownKey, ownSignature, ownData] = [key.slice(), signature.slice(), data.slice()];
  const algorithm = { name };
  if (hash !== "") algorithm.hash = hash;
  if (curve !== "") algorithm.namedCurve = curve;
  try {
    const imported = await crypto.subtle.importKey("spki", ownKey, algorithm, false, ["verify"]);
    return await crypto.subtle.verify(algorithm, imported, ownSignature, ownData);
  } catch {
    return false;
  }
}

/** What Cloudflare tells of a request's client certificate, as JSON. */
export function cloudflareCertificate(request) {
  return JSON.stringify(request.cf?.tlsClientAuth ?? null);
}
