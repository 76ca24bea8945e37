// A stream in large pieces: by itself it comes in some 4 kB at a time, and each of them costs
// a promise and a crossing. No rule of the hub lives in this file.

const PIECE_BYTES = 64 * 1024;

export class Pieces {
  constructor(stream) {
    this.reader = stream.getReader({ mode: "byob" });
    this.buffer = new ArrayBuffer(PIECE_BYTES);
  }

  /** The next piece, good until the one behind it is asked for; undefined at the end. */
  async next() {
    const { value } = await this.reader.readAtLeast(PIECE_BYTES, new Uint8Array(this.buffer));
    if (!value?.byteLength) return undefined;
    this.buffer = value.buffer;
    return value;
  }
}
