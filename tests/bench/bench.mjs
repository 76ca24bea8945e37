// `cargo xtask bench [NAME] [--quick]`: the hub beside a minimal object, in the same
// invocation. See docs/PERFORMANCE.md for what each figure means.
//
// Exit codes: 0 all targets met; 1 a target missed or a figure that could not be
// measured; 2 wrong use; 130 interrupted.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { connect } from "./figures/connect.mjs";
import { fleetFigures } from "./figures/fleet.mjs";
import { memory } from "./figures/memory.mjs";
import { registry } from "./figures/registry.mjs";
import { routes } from "./figures/routes.mjs";
import { rows } from "./figures/rows.mjs";
import { telemetry } from "./figures/telemetry.mjs";
import { dryRunMemory, exporting, importing, transferMemory } from "./figures/transfer.mjs";
import { print } from "./parts/report.mjs";
import { summarise } from "./parts/statistics.mjs";

const FIGURES = [telemetry, routes, connect, memory, rows, registry, importing, exporting, transferMemory, dryRunMemory, ...fleetFigures];
/** Figures of one measurement, under one name. */
const GROUPS = { fleet: fleetFigures, transfer: [importing, exporting, transferMemory, dryRunMemory] };
const USAGE = `Usage: cargo xtask bench [${[...FIGURES.map((figure) => figure.name), ...Object.keys(GROUPS)].join("|")}] [--quick]`;

function say(text) {
  process.stderr.write(`${text}\n`);
}

/** What is asked for; `undefined` after a complaint. */
function chosen(values) {
  const names = values.filter((value) => value !== "--quick");
  const unknown = names.find((name) => !(name in GROUPS) && !FIGURES.some((figure) => figure.name === name));
  if (unknown !== undefined || names.length > 1) {
    say(unknown === undefined ? "name one figure, or none for all" : `there is no figure ${JSON.stringify(unknown)}`);
    say(USAGE);
    return undefined;
  }
  const figures = names.length === 0 ? FIGURES : (GROUPS[names[0]] ?? FIGURES.filter((figure) => figure.name === names[0]));
  return { figures, quick: values.includes("--quick") };
}

/** Whether a process lives, so that only the leftovers of a dead bench are removed. */
function lives(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== "ESRCH";
  }
}

/** A folder for this run; by default on the disk that hubs use, as storage in memory flatters the hub. */
function temporaryFolder(root) {
  const parent = process.env.SKERRY_BENCH_FOLDER ?? path.join(root, "target/bench");
  mkdirSync(parent, { recursive: true });
  for (const name of readdirSync(parent)) {
    const pid = Number(/^skerry-bench-(\d+)-/.exec(name)?.[1]);
    if (pid && !lives(pid)) rmSync(path.join(parent, name), { recursive: true, force: true });
  }
  return mkdtempSync(path.join(parent, `skerry-bench-${process.pid}-`));
}

async function main(values) {
  const choice = chosen(values);
  if (!choice) return 2;
  const root = process.env.SKERRY_ROOT ?? fileURLToPath(new URL("../..", import.meta.url));
  const deviceSim = process.env.SKERRY_DEVICE_SIM ?? path.join(root, "target/release/device-sim");
  if (!existsSync(deviceSim)) {
    say(`${deviceSim} is missing: run \`cargo xtask bench\`, which builds it first`);
    return 2;
  }
  const cores = os.availableParallelism();
  const [busy] = os.loadavg();
  say(`${cores} cores, Node ${process.versions.node}${choice.quick ? ", quick: figures are not to be compared" : ""}`);
  if (busy > cores / 2) say(`the machine is busy (load ${busy.toFixed(1)}): figures will be off, ratios less so`);

  const interruption = new AbortController();
  const interrupt = (name) => {
    if (interruption.signal.aborted) return;
    say("stopping");
    interruption.abort(new Error(`interrupted by ${name}`));
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, interrupt);

  const folder = temporaryFolder(root);
  const summaries = [];
  const failures = [];
  try {
    for (const figure of choice.figures) {
      const started = performance.now();
      say(`${figure.name} …`);
      const context = {
        root,
        deviceSim,
        folder,
        quick: choice.quick,
        signal: interruption.signal,
        progress: (text) => say(`${figure.name}: ${text}, ${Math.round((performance.now() - started) / 1000)} s`),
      };
      try {
        summaries.push(summarise(figure, await figure.measure(context)));
      } catch (error) {
        if (interruption.signal.aborted) return 130;
        say(`${figure.name} could not be measured: ${error.message}`);
        failures.push({ name: figure.name, error });
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
  print(summaries, failures);
  return failures.length === 0 && summaries.every((one) => one.passed) ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
