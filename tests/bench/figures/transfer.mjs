// 100,000 identities through a dry run, through an import job, and out again through an export
// job: seconds of each, and how far the resident memory of workerd rose meanwhile. One
// measurement on fresh hubs gives all figures.

import { setTimeout as delay } from "node:timers/promises";

import { policyToken, request } from "../parts/hub-client.mjs";
import { processorSeconds, residentBytes, settledBytes } from "../parts/resident-memory.mjs";
import { Home, withRuntimes } from "../parts/runtime.mjs";
import { percentile } from "../parts/statistics.mjs";

const API_VERSION = "api-version=2021-04-12";
const DEVICES = 100_000;
/** With `--quick`: enough to see whether the figures work. */
const QUICK_DEVICES = 10_000;
const POLL_MS = 100;
const PATIENCE_MS = 300_000;
const MEBIBYTE = 1024 * 1024;

/** A line as a provisioning team writes it: keys are the hub's to make, first tags and settings are not. */
const line = (number) =>
  JSON.stringify({
    id: `device-${String(number).padStart(6, "0")}`,
    importMode: "create",
    status: "enabled",
    tags: { site: `site-${number % 50}`, line: number % 12, model: "pump-3000" },
    properties: { desired: { telemetryInterval: 60, limits: { low: 1, high: 90 } } },
  });

/** Runs a job to its end: its seconds, the highest memory, and how long reads took meanwhile. */
async function run(context, hub, order) {
  const idle = (await settledBytes(hub.workerdPid, context.signal)).bytes;
  const started = performance.now();
  const processor = processorSeconds(hub.workerdPid);
  const { jobId } = await request(hub, "POST", `/jobs/create?${API_VERSION}`, { signal: context.signal, body: order });
  let peak = idle;
  const seen = new Set();
  const reads = [];
  for (;;) {
    await delay(POLL_MS, undefined, { signal: context.signal });
    const asked = performance.now();
    const job = await request(hub, "GET", `/jobs/${jobId}?${API_VERSION}`, { signal: context.signal });
    reads.push(performance.now() - asked);
    peak = Math.max(peak, residentBytes(hub.workerdPid));
    seen.add(job.progress);
    if (job.status === "completed") {
      const seconds = (performance.now() - started) / 1000;
      if (job.failedCount !== 0) throw new Error(`${job.failedCount} lines were refused`);
      const processorTime = processorSeconds(hub.workerdPid) - processor;
      return { seconds, processorSeconds: processorTime, megabytes: (peak - idle) / MEBIBYTE, progressSteps: seen.size, readP99Ms: percentile(reads, 99) };
    }
    if (job.status !== "running" && job.status !== "enqueued") throw new Error(`the job is ${job.status}: ${job.failureReason}`);
    if (performance.now() - started > PATIENCE_MS) throw new Error("the job does not end");
  }
}

/** What an import of the file would do: its seconds and the highest memory. */
async function dryRun(context, hub, file, devices) {
  const idle = (await settledBytes(hub.workerdPid, context.signal)).bytes;
  const started = performance.now();
  const asked = fetch(new URL("/api/v1/import/dry-run", hub.url), {
    method: "POST",
    headers: { authorization: policyToken(hub.connectionString), "content-type": "application/x-ndjson" },
    body: file,
    signal: AbortSignal.any([AbortSignal.timeout(PATIENCE_MS), context.signal]),
  }).then((response) => response.text());
  let answer;
  asked.then((text) => (answer = text));
  let peak = idle;
  while (answer === undefined) {
    await Promise.race([asked, delay(POLL_MS, undefined, { signal: context.signal })]);
    peak = Math.max(peak, residentBytes(hub.workerdPid));
  }
  const seconds = (performance.now() - started) / 1000;
  const last = answer.trimEnd().split("\n").at(-1);
  if (JSON.parse(last).counts?.create !== devices) throw new Error(`the dry run ended with ${last.slice(0, 400)}`);
  return { seconds, megabytes: (peak - idle) / MEBIBYTE };
}

async function once(context, number, devices) {
  const file = Array.from({ length: devices }, (_, index) => line(index)).join("\n");
  // On a hub of its own: memory that it needed would hide what the jobs need.
  const planHome = new Home(context, `plan-${number}`);
  const planned = await withRuntimes(context, [{ kind: "hub", home: planHome }], (hub) => dryRun(context, hub, file, devices));
  context.progress(`${devices} lines looked at in ${planned.seconds.toFixed(1)} s`);
  const home = new Home(context, `transfer-${number}`);
  return withRuntimes(context, [{ kind: "hub", home }], async (hub) => {
    const body = { container: "bench", rights: "racwdl", minutes: 60, endpoint: new URL(hub.url).origin };
    const { url } = await request(hub, "POST", "/api/v1/blobs/sas", { signal: context.signal, body });
    const written = await fetch(url.replace("?", "/devices.txt?"), {
      method: "PUT",
      headers: { "x-ms-blob-type": "BlockBlob", "x-ms-version": "2021-12-02" },
      body: file,
      signal: context.signal,
    });
    if (!written.ok) throw new Error(`the file could not be stored: ${written.status}`);
    const imported = await run(context, hub, { type: "import", inputBlobContainerUri: url, outputBlobContainerUri: url });
    context.progress(`${devices} imported in ${imported.seconds.toFixed(1)} s`);
    const { totalDeviceCount } = await request(hub, "GET", `/statistics/devices?${API_VERSION}`, { signal: context.signal });
    if (totalDeviceCount !== devices) throw new Error(`the hub has ${totalDeviceCount} devices, not ${devices}`);
    const exported = await run(context, hub, { type: "export", outputBlobContainerUri: url, outputBlobName: "out.txt" });
    context.progress(`exported in ${exported.seconds.toFixed(1)} s`);
    const out = await fetch(url.replace("?", "/out.txt?"), { signal: context.signal });
    const lines = (await out.text()).trimEnd().split("\n").length;
    if (lines !== devices) throw new Error(`the export has ${lines} lines, not ${devices}`);
    return { planned, imported, exported, devices, fileMegabytes: file.length / MEBIBYTE };
  });
}

let measured;

/** All runs, made once for all figures. */
function runs(context) {
  measured ??= (async () => {
    const { count, devices } = context.quick ? { count: 1, devices: QUICK_DEVICES } : { count: 3, devices: DEVICES };
    const all = [];
    for (let number = 0; number < count; number += 1) all.push(await once(context, number, devices));
    return all;
  })();
  return measured;
}

const figure = (name, unit, atMost, value) => ({
  name,
  unit,
  target: { of: "value", atMost },
  measure: async (context) => (await runs(context)).map((one) => ({ value: value(one), ...one })),
});

export const importing = figure("import", "s for 100,000", 30, (one) => one.imported.seconds);
export const exporting = figure("export", "s for 100,000", 15, (one) => one.exported.seconds);
export const transferMemory = figure("transfer-memory", "MiB above idle", 128, (one) =>
  Math.max(one.imported.megabytes, one.exported.megabytes),
);
/** More than a job's: the answer and all identities of the file are kept to its end. */
export const dryRunMemory = figure("dry-run-memory", "MiB above idle", 160, (one) => one.planned.megabytes);
