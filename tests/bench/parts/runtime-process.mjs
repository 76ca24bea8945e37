// One workerd of the bench, in a process of its own: the hub, the hub with counted row
// writes, or the baseline. All three are started by the same lines, with the same
// compatibility date and flags, so that nothing but the worker differs.
//
// The first line of standard input says what to start; the input then stays open as a
// lifeline: when it ends, however the bench ended, workerd is stopped. Events go to
// standard output, one JSON object per line.

import childProcess from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { once } from "node:events";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { COMPATIBILITY_DATE, COMPATIBILITY_FLAGS, hubOptions } from "../../../xtask/node/options.mjs";

/** How long workerd may take to end after SIGTERM. */
const STOP_PATIENCE_MS = 3_000;

const bench = fileURLToPath(new URL("..", import.meta.url));
const launcher = fileURLToPath(new URL("../../../xtask/node/", import.meta.url));

function tell(event) {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

// A signal to the process group is the bench's business: it closes our input.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

// Miniflare does not name workerd's process, so its start is watched: memory is read there.
let workerd;
let stopping = false;
const spawn = childProcess.spawn;
childProcess.spawn = (...values) => {
  workerd = spawn(...values);
  workerd.once("exit", (code, signal) => {
    if (stopping) return;
    tell({ event: "failed", message: `workerd ended ${signal ? `by ${signal}` : `with code ${code}`}` });
    process.exitCode = 1;
    stop();
  });
  return workerd;
};
const require = createRequire(path.join(launcher, "package.json"));
const { Miniflare, NoOpLog } = await import(pathToFileURL(require.resolve("miniflare")).href);

let miniflare;

async function stop() {
  if (stopping) return;
  stopping = true;
  if (workerd && workerd.exitCode === null && workerd.signalCode === null) {
    const gone = once(workerd, "exit");
    workerd.kill("SIGTERM");
    const late = setTimeout(() => workerd.kill("SIGKILL"), STOP_PATIENCE_MS);
    await gone;
    clearTimeout(late);
  }
  try {
    await miniflare?.dispose();
  } catch (error) {
    process.stderr.write(`while stopping: ${error?.message ?? error}\n`);
  }
  process.exit();
}

function baselineOptions(settings) {
  return {
    host: "127.0.0.1",
    port: 0,
    cf: false,
    logRequests: false,
    telemetry: { enabled: false },
    defaultPersistRoot: settings.state,
    workers: [
      {
        name: "baseline",
        modules: [
          {
            type: "ESModule",
            path: "baseline-object.mjs",
            contents: readFileSync(path.join(bench, "baseline-object.mjs"), "utf8"),
          },
        ],
        compatibilityDate: COMPATIBILITY_DATE,
        compatibilityFlags: COMPATIBILITY_FLAGS,
        unsafeDirectSockets: [{ host: settings.bind, port: settings.port }],
        durableObjects: { BASELINE: { className: "Baseline", useSQLite: true } },
      },
    ],
  };
}

/** The hub's options with the counter as main module in front of the built worker. */
function countedHubOptions(settings) {
  const options = hubOptions(settings);
  const [worker] = options.workers;
  worker.modules.unshift({
    type: "ESModule",
    path: path.join(settings.worker, "row-counter.js"),
    contents: readFileSync(path.join(bench, "row-counter.mjs"), "utf8"),
  });
  return options;
}

/** The owner's connection string; a hub without this step serves nobody. */
async function bootstrap(settings, url) {
  const response = await fetch(new URL("/api/v1/bootstrap", url), {
    method: "POST",
    headers: { authorization: `Bootstrap ${settings.bootstrapSecret}`, "content-type": "application/json" },
    body: JSON.stringify({ hostName: settings.hostName }),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the worker refused the bootstrap with status ${response.status}: ${text.slice(0, 400)}`);
  const { connectionString } = JSON.parse(text);
  if (typeof connectionString !== "string") throw new Error("the worker's bootstrap answer has no connectionString");
  return connectionString;
}

const KINDS = {
  baseline: { name: "baseline", options: baselineOptions },
  hub: { name: "hub", options: hubOptions },
  "counted-hub": { name: "hub", options: countedHubOptions },
};

const lines = createInterface({ input: process.stdin });
// Before anything runs there is nothing to stop either: `stop` then just ends this process.
lines.once("close", stop);
const [firstLine] = await once(lines, "line");

try {
  const { kind, settings } = JSON.parse(firstLine);
  const { name, options } = KINDS[kind];
  miniflare = new Miniflare({ ...options(settings), log: new NoOpLog() });
  await miniflare.ready;
  const url = await miniflare.unsafeGetDirectURL(name);
  const connectionString = name === "hub" ? await bootstrap(settings, url) : undefined;
  tell({ event: "serving", url: url.origin, workerdPid: workerd.pid, connectionString });
} catch (error) {
  tell({ event: "failed", message: String(error?.message ?? error) });
  process.exitCode = 1;
  await stop();
}
