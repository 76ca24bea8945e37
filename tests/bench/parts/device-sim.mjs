// Runs `device-sim load`, the only source of load, and reads its figures. Every run is
// bounded in time, and ends with the bench.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** What a run may take beyond its own time: opening connections, creating devices, ending. */
const PATIENCE_MS = 180_000;

function start(context, runtime, values) {
  const child = spawn(context.deviceSim, ["load", "--json", "--url", runtime.url, ...values], {
    // The connection string holds a key: never an argument, which everybody can read.
    env: { ...process.env, ...(runtime.connectionString && { SKERRY_CONNECTION_STRING: runtime.connectionString }) },
    stdio: ["pipe", "pipe", "pipe"],
    signal: context.signal,
    killSignal: "SIGKILL",
  });
  let errors = "";
  child.stderr.setEncoding("utf8");
  child.stderr.on("data", (text) => {
    errors = (errors + text).slice(-2_000);
  });
  child.stdin.on("error", () => {});
  let last;
  const waiting = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    let document;
    try {
      document = JSON.parse(line);
    } catch {
      return;
    }
    last = document;
    for (const look of waiting) look(document);
  });
  const what = `device-sim load ${values.join(" ")}`;
  const reason = () => (last?.event === "error" && last.message) || errors.trim() || "it gave no reason";
  const ended = once(child, "close").then(([code]) => {
    if (code !== 0) throw new Error(`${what} ended with code ${code}: ${reason()}`);
    if (typeof last?.acked !== "number") throw new Error(`${what} printed no figures: ${reason()}`);
    return last;
  });
  // Whoever waits for the end sees the failure; it must not end the bench before that.
  ended.catch(() => {});
  const line = (wanted) =>
    Promise.race([
      new Promise((resolve) => waiting.push((document) => wanted(document) && resolve(document))),
      ended.then(() => {
        throw new Error(`${what} ended too early: ${reason()}`);
      }),
    ]);
  return { child, ended, line, kill: () => child.kill("SIGKILL") };
}

async function bounded(run, milliseconds, wait) {
  const late = setTimeout(run.kill, milliseconds);
  try {
    return await wait;
  } finally {
    clearTimeout(late);
  }
}

/** The run counts only if nothing failed: a broken connection is no slow connection. */
function faultless(figures) {
  if (figures.errors > 0) {
    throw new Error(`${figures.mode}: ${figures.errors} connections failed, the last one with: ${figures.lastError}`);
  }
  // The baseline may starve connections, since the platform does; the hub must not.
  if (figures.mode === "telemetry" && figures.served < figures.connections) {
    throw new Error(`${figures.mode}: only ${figures.served} of ${figures.connections} connections got anything acknowledged`);
  }
  return figures;
}

/** One measured run of `seconds`. */
export async function load(context, runtime, { mode, seconds, warmUp = 1, options = [] }) {
  const run = start(context, runtime, ["--mode", mode, "--duration", `${seconds}s`, "--warm-up", `${warmUp}s`, ...options]);
  run.child.stdin.end();
  return faultless(await bounded(run, (seconds + warmUp) * 1000 + PATIENCE_MS, run.ended));
}

/** Starts a run and calls `watch` while it goes on; the run ends when `watch` has returned. */
export async function loadWhile(context, runtime, { mode, longestSeconds, options = [] }, watch) {
  const run = start(context, runtime, ["--mode", mode, "--duration", `${longestSeconds}s`, ...options]);
  run.child.stdin.end();
  const early = run.ended.then(() => {
    throw new Error(`device-sim load ended before the measuring did`);
  });
  early.catch(() => {});
  try {
    return await Promise.race([watch(), early]);
  } finally {
    run.kill();
    await run.ended.catch(() => {});
  }
}

/** Creates the devices that later runs use: their names and keys follow from the prefix. */
export async function createDevices(context, runtime, count) {
  const run = start(context, runtime, [
    "--mode", "idle", "--connections", String(count), "--create", "--duration", "1s", "--parallel", "32",
  ]);
  run.child.stdin.end();
  faultless(await bounded(run, PATIENCE_MS * 2, run.ended));
}

/** Opens idle connections, calls `use`, and closes them; all of them must last that long. */
export async function withIdleConnections(context, runtime, mode, count, use) {
  const run = start(context, runtime, ["--mode", mode, "--connections", String(count), "--parallel", "32"]);
  try {
    const { connected } = await bounded(run, PATIENCE_MS * 2, run.line((document) => "connected" in document));
    if (connected !== count) throw new Error(`${mode}: only ${connected} of ${count} connections opened`);
    const result = await use();
    run.child.stdin.end();
    const figures = faultless(await bounded(run, PATIENCE_MS, run.ended));
    if (figures.acked !== count) throw new Error(`${mode}: only ${figures.acked} of ${count} connections lasted`);
    return result;
  } finally {
    run.kill();
    await run.ended.catch(() => {});
  }
}
