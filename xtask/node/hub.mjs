// The hub's launcher: Miniflare's API around workerd, and the TLS terminator.
//
// The first line of standard input holds the settings as JSON; the input then stays
// open as a lifeline: when it ends, everything stops. Events go to standard output,
// one JSON object per line; what the worker logs goes to standard error.
// Nothing here decides anything about the hub: it only starts what was built.

import childProcess from "node:child_process";
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { once } from "node:events";

import { startTlsTerminator } from "./tls.mjs";
import { hubOptions } from "./options.mjs";

/** How long workerd may take to end after SIGTERM. */
const STOP_PATIENCE_MS = 2_000;

function tell(event) {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

// A signal to the process group is the parent's business: it closes our input.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
// The parent may be gone already; there is nobody left to tell.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

/**
 * Miniflare neither names workerd's process nor says when it dies, so the start of
 * that process is watched: it is the only program that this launcher starts.
 */
let runtime;
let stopping = false;
const spawn = childProcess.spawn;
childProcess.spawn = (...args) => {
  const child = spawn(...args);
  runtime = child;
  tell({ event: "runtime", pid: child.pid });
  child.once("exit", (code, signal) => {
    if (stopping) return;
    tell({
      event: "failed",
      refused: false,
      message: `workerd (process ${child.pid}) ended ${signal ? `by ${signal}` : `with code ${code}`}; all acknowledged data is stored, start the hub again`,
    });
    process.exitCode = 1;
    stop();
  });
  return child;
};
const { Miniflare, NoOpLog } = await import("miniflare");

let miniflare;
let terminator;

async function stop() {
  if (stopping) return;
  stopping = true;
  terminator?.stop();
  if (runtime && runtime.exitCode === null && runtime.signalCode === null) {
    const gone = once(runtime, "exit");
    runtime.kill("SIGTERM");
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, STOP_PATIENCE_MS))]);
  }
  try {
    await miniflare?.dispose();
  } catch (error) {
    process.stderr.write(`while stopping: ${error?.message ?? error}\n`);
  }
  process.exit();
}

/** Asks the worker for the owner's connection string and the console's sign-in token. */
async function bootstrap(settings, url) {
  const response = await fetch(new URL("/api/v1/bootstrap", url), {
    method: "POST",
    headers: {
      authorization: `Bootstrap ${settings.bootstrapSecret}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ hostName: settings.hostName }),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  if (!response.ok) {
    throw new Error(`the worker refused the bootstrap with status ${response.status}: ${text.slice(0, 400)}`);
  }
  const answer = JSON.parse(text);
  for (const field of ["hostName", "connectionString", "signInToken"]) {
    if (typeof answer[field] !== "string") throw new Error(`the worker's bootstrap answer has no ${field}`);
  }
  return answer;
}

function explain(error) {
  const message = String(error?.message ?? error);
  const refused = error?.code === "ERR_ADDRESS_IN_USE" || error?.code === "EADDRINUSE";
  return {
    event: "failed",
    refused,
    message: refused ? `a port was taken meanwhile (${message}): choose another one with --port or --https-port` : message,
  };
}

const lines = createInterface({ input: process.stdin });
let started = false;
const [firstLine] = await Promise.race([
  once(lines, "line"),
  once(lines, "close").then(() => {
    if (!started) process.exit();
  }),
]);
started = true;
lines.once("close", stop);

try {
  const settings = JSON.parse(firstLine);
  // Only this process and the worker know it, and only until the next start.
  settings.certificateSecret = randomBytes(32).toString("base64");
  miniflare = new Miniflare({ ...hubOptions(settings), log: new NoOpLog() });
  await miniflare.ready;
  const url = await miniflare.unsafeGetDirectURL("hub");
  const answer = await bootstrap(settings, url);
  if (settings.httpsPort !== null) {
    terminator = await startTlsTerminator({
      host: settings.bind,
      port: settings.httpsPort,
      keyFile: settings.tlsKey,
      chainFile: settings.tlsChain,
      target: { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port) },
      certificateSecret: settings.certificateSecret,
      bootstrapSecret: settings.bootstrapSecret,
    });
  }
  tell({
    event: "serving",
    hostName: answer.hostName,
    connectionString: answer.connectionString,
    signInToken: answer.signInToken,
    workerdPid: runtime.pid,
  });
} catch (error) {
  tell(explain(error));
  process.exitCode = 1;
  await stop();
}
