// What Miniflare is told: the worker, its objects and stores, and nothing else of its own.
// The same bindings as worker/wrangler.toml; a change there is a change here.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

/** As in worker/wrangler.toml. */
export const COMPATIBILITY_DATE = "2026-04-01";
/** A socket with permessage-deflate costs the runtime some 200 kB: never accept it. */
export const COMPATIBILITY_FLAGS = ["no_web_socket_compression"];

const assetsWorker = fileURLToPath(new URL("./assets-worker.mjs", import.meta.url));

/** Addresses in workerd's own program: they say nothing to anybody here. */
const NATIVE_STACK = /^stack: |^\s*$/;

/** Hands a stream on line by line, without the lines that say nothing. */
function passOn(stream, shown) {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text) => {
    if (!shown) return;
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const line of lines) if (!NATIVE_STACK.test(line)) process.stderr.write(`${line}\n`);
  });
}

export function hubOptions(settings) {
  const objects = Object.fromEntries(
    ["Gateway", "Registry", "Events", "Hub"].map((className) => [
      className.toUpperCase(),
      { className, useSQLite: true },
    ]),
  );
  return {
    // Miniflare's own entry point stays on a private port; requests go straight to the worker.
    host: "127.0.0.1",
    port: 0,
    cf: false,
    logRequests: false,
    telemetry: { enabled: false },
    defaultPersistRoot: settings.state,
    handleRuntimeStdio(stdout, stderr) {
      passOn(stdout, settings.verbose);
      passOn(stderr, true);
    },
    workers: [
      {
        name: "hub",
        modulesRoot: settings.worker,
        modules: [
          { type: "ESModule", path: join(settings.worker, "index.js") },
          { type: "CompiledWasm", path: join(settings.worker, "index_bg.wasm") },
        ],
        compatibilityDate: COMPATIBILITY_DATE,
        compatibilityFlags: COMPATIBILITY_FLAGS,
        unsafeDirectSockets: [{ host: settings.bind, port: settings.port }],
        durableObjects: objects,
        kvNamespaces: ["SETTINGS"],
        r2Buckets: ["BLOBS"],
        serviceBindings: { ASSETS: "assets" },
        bindings: {
          HUB_GATEWAYS: String(settings.gateways),
          HUB_SHARDS: String(settings.shards),
          HUB_PARTITIONS: String(settings.partitions),
          HUB_HOST_NAMES: settings.hostNames.join(","),
          HUB_ALLOWED_HOSTS: settings.allowedHosts.join(","),
          BOOTSTRAP_SECRET: settings.bootstrapSecret,
          // With it, client certificates are what the TLS terminator says and nobody else.
          ...(settings.certificateSecret && { CLIENT_CERTIFICATE_SECRET: settings.certificateSecret }),
        },
      },
      {
        name: "assets",
        modules: [
          { type: "ESModule", path: "assets-worker.mjs", contents: readFileSync(assetsWorker, "utf8") },
        ],
        compatibilityDate: COMPATIBILITY_DATE,
        serviceBindings: { FILES: { disk: { path: settings.assets, writable: false } } },
      },
    ],
  };
}
