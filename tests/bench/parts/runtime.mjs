// Starts and stops the processes that serve: one workerd each, see runtime-process.mjs.
// Never signals a process that was not started here.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { once } from "node:events";
import { createInterface } from "node:readline";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { request } from "./hub-client.mjs";

/** Throttles no load of the bench reaches. */
const UNITS = 10_000;
const START_PATIENCE_MS = 60_000;
const STOP_PATIENCE_MS = 15_000;
/** How much of what a process writes to its standard error is kept for messages. */
const KEPT_ERROR_CHARACTERS = 2_000;

const program = fileURLToPath(new URL("./runtime-process.mjs", import.meta.url));

/** Every connection is an open file: both sides get all that this user may have. */
const WITH_OPEN_FILES = ["-c", 'ulimit -n "$(ulimit -Hn)"; exec "$@"', "sh"];

/** The storage of one hub or baseline; it outlives the process that serves it. */
export class Home {
  constructor(context, name) {
    this.state = path.join(context.folder, name, "state");
    this.assets = path.join(context.folder, name, "assets");
    mkdirSync(this.state, { recursive: true });
    mkdirSync(this.assets, { recursive: true });
    this.allowedHosts = [];
    this.bootstrapSecret = randomBytes(32).toString("hex");
    this.worker = path.join(context.root, "worker/build");
    if (!existsSync(path.join(this.worker, "index_bg.wasm"))) {
      throw new Error(`${this.worker} has no built worker: run \`cargo xtask bench\`, which builds it first`);
    }
  }

  settings() {
    return {
      bind: "127.0.0.1",
      port: 0,
      hostName: "localhost",
      hostNames: ["localhost", "127.0.0.1"],
      allowedHosts: this.allowedHosts,
      state: this.state,
      assets: this.assets,
      worker: this.worker,
      // The numbers of a hub that is started without options.
      gateways: 2,
      shards: 4,
      partitions: 4,
      bootstrapSecret: this.bootstrapSecret,
      verbose: false,
    };
  }
}

/** A serving process. */
class Runtime {
  constructor(kind, child) {
    this.kind = kind;
    this.child = child;
    this.errors = "";
    this.exited = once(child, "exit");
    child.stderr.setEncoding("utf8");
    child.stderr.on("data", (text) => {
      this.errors = (this.errors + text).slice(-KEPT_ERROR_CHARACTERS);
    });
    child.stdin.on("error", () => {});
  }

  async serving(settings, signal) {
    const lines = createInterface({ input: this.child.stdout });
    let interrupt;
    const served = new Promise((resolve, reject) => {
      lines.on("line", (line) => {
        const event = JSON.parse(line);
        if (event.event === "serving") resolve(event);
        else this.failure = event.message;
        reject(new Error(`the ${this.kind} failed: ${event.message}${this.said()}`));
      });
      this.exited.then(([code]) => reject(new Error(`the ${this.kind} ended with code ${code} before it served${this.said()}`)));
      const late = setTimeout(() => reject(new Error(`the ${this.kind} does not serve after ${START_PATIENCE_MS / 1000} s`)), START_PATIENCE_MS);
      late.unref();
      interrupt = () => reject(signal.reason);
      signal.addEventListener("abort", interrupt, { once: true });
    }).finally(() => signal.removeEventListener("abort", interrupt));
    this.child.stdin.write(`${JSON.stringify({ kind: this.kind, settings })}\n`);
    Object.assign(this, await served);
    this.served = true;
  }

  said() {
    const text = this.errors.trim();
    return text ? `; it said:\n${text}` : "";
  }

  get running() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async stop() {
    if (!this.running) return;
    this.child.stdin.end();
    const late = setTimeout(() => this.child.kill("SIGKILL"), STOP_PATIENCE_MS);
    await this.exited;
    clearTimeout(late);
  }
}

/** Runs `use` with the named kinds serving, each in its own workerd, and stops them again. */
export async function withRuntimes(context, wanted, use) {
  const started = [];
  try {
    for (const { kind, home } of wanted) {
      context.signal.throwIfAborted();
      const child = spawn("sh", [...WITH_OPEN_FILES, process.execPath, program], {
        stdio: ["pipe", "pipe", "pipe"],
        // A process group of its own: Ctrl-C reaches the bench alone, which stops this one properly.
        detached: true,
      });
      const runtime = new Runtime(kind, child);
      started.push(runtime);
      await runtime.serving(home.settings(), context.signal);
      // What the hub can do is asked here, not what one unit may.
      if (kind !== "baseline") await request(runtime, "PUT", "/api/v1/throttles", { signal: context.signal, body: { units: UNITS } });
    }
    return await use(...started);
  } catch (error) {
    const fallen = started.find((runtime) => runtime.served && runtime.failure);
    if (fallen && !context.signal.aborted) error.message += ` (the ${fallen.kind}: ${fallen.failure}${fallen.said()})`;
    throw error;
  } finally {
    await Promise.all(started.map((runtime) => runtime.stop()));
  }
}
