// Measures what travels over the wire: the worker's wasm after gzip, the
// console's files after brotli. Prints one JSON object.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const [workerWasm, consoleFolder] = process.argv.slice(2);
const wasm = readFileSync(workerWasm);

let total = 0;
let compressed = 0;
for (const entry of readdirSync(consoleFolder, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const content = readFileSync(join(entry.parentPath ?? entry.path, entry.name));
  total += content.length;
  compressed += brotliCompressSync(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  }).length;
}

console.log(
  JSON.stringify({
    workerWasm: wasm.length,
    workerWasmGzip: gzipSync(wasm, { level: 9 }).length,
    console: total,
    consoleBrotli: compressed,
  }),
);
