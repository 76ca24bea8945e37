// A fleet of 100,000 twins of about 1 kB, through REST: what queries cost, a scheduled job over
// all of them, and a method on 2,000 connected devices; queries also with 10,000 and with
// 1,000,000. One measurement on fresh hubs gives all figures.

import { spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";

import { policyToken, request } from "../parts/hub-client.mjs";
import { reportAll } from "../parts/reporters.mjs";
import { Home, withRuntimes } from "../parts/runtime.mjs";
import { median, percentile } from "../parts/statistics.mjs";

const API_VERSION = "api-version=2021-04-12";
const SIZES = { few: 10_000, fleet: 100_000, million: 1_000_000 };
/** With `--quick`: enough to see whether the figures work. */
const QUICK_SIZES = { few: 1_000, fleet: 5_000, million: 20_000 };
const CONNECTED = { full: 2_000, quick: 200 };
/** Lines of an import that are made and stored at a time. */
const PART = 100_000;
const REPEATS = 9;
const PATIENCE_MS = 900_000;
const KEY = Buffer.alloc(32, 7).toString("base64");
const SITES = 500;

const deviceId = (number) => `device-${String(number).padStart(7, "0")}`;

/** Tags and desired properties as a provisioning team writes them. */
const line = (number) =>
  JSON.stringify({
    id: deviceId(number),
    importMode: "create",
    status: "enabled",
    authentication: { symmetricKey: { primaryKey: KEY, secondaryKey: KEY } },
    tags: { site: `site-${number % SITES}`, line: number % 12, model: "pump-3000", note: "n".repeat(200) },
    properties: { desired: { telemetryInterval: 60, limits: { low: 1, high: number % 100 }, text: "d".repeat(250) } },
  });

/** What a device says of itself. */
const reported = (number) => ({
  firmware: { version: `1.${number % 40}`, channel: { name: number % 2 ? "stable" : "early" } },
  power: { source: "mains", batteryPercent: number % 101 },
  text: "r".repeat(250),
});

async function post(hub, path, body, signal) {
  return request(hub, "POST", path, { signal, body });
}

/** Runs a query until it has no more pages; its rows, and the milliseconds of the first page. */
async function query(context, hub, text, { pages = Infinity, size = 1000 } = {}) {
  const rows = [];
  let token;
  let first;
  for (let page = 0; page < pages; page += 1) {
    const started = performance.now();
    const response = await fetch(new URL(`/devices/query?${API_VERSION}`, hub.url), {
      method: "POST",
      headers: {
        authorization: policyToken(hub.connectionString),
        "content-type": "application/json",
        "x-ms-max-item-count": String(size),
        ...(token && { "x-ms-continuation": token }),
      },
      body: JSON.stringify({ query: text }),
      signal: AbortSignal.any([AbortSignal.timeout(PATIENCE_MS), context.signal]),
    });
    const body = await response.text();
    first ??= performance.now() - started;
    if (!response.ok) throw new Error(`${text} answered ${response.status}: ${body.slice(0, 400)}`);
    rows.push(...JSON.parse(body));
    token = response.headers.get("x-ms-continuation");
    if (!token) break;
  }
  return { rows, milliseconds: first };
}

/** The median of some runs, with a check of what comes. */
async function timed(context, hub, text, check, options) {
  const times = [];
  for (let run = 0; run <= REPEATS; run += 1) {
    const { rows, milliseconds } = await query(context, hub, text, options);
    check(rows);
    // The first one opens objects and fills caches.
    if (run > 0) times.push(milliseconds);
  }
  return median(times);
}

function expect(what, seen, wanted) {
  if (seen !== wanted) throw new Error(`${what}: ${seen} instead of ${wanted}`);
}

async function create(context, hub, count) {
  const body = { container: "bench", rights: "racwdl", minutes: 60, endpoint: new URL(hub.url).origin };
  const { url } = await post(hub, "/api/v1/blobs/sas", body, context.signal);
  for (let from = 0; from < count; from += PART) {
    const file = Array.from({ length: Math.min(PART, count - from) }, (_, index) => line(from + index)).join("\n");
    const stored = await fetch(url.replace("?", "/devices.txt?"), {
      method: "PUT",
      headers: { "x-ms-blob-type": "BlockBlob", "x-ms-version": "2021-12-02" },
      body: file,
      signal: context.signal,
    });
    if (!stored.ok) throw new Error(`the file could not be stored: ${stored.status}`);
    const order = { type: "import", inputBlobContainerUri: url, outputBlobContainerUri: url };
    const { jobId } = await post(hub, `/jobs/create?${API_VERSION}`, order, context.signal);
    for (;;) {
      await delay(200, undefined, { signal: context.signal });
      const job = await request(hub, "GET", `/jobs/${jobId}?${API_VERSION}`, { signal: context.signal });
      if (job.status === "completed" && job.failedCount === 0) break;
      if (job.status !== "running" && job.status !== "enqueued") throw new Error(`the import is ${job.status}: ${job.failureReason}`);
    }
    context.progress(`${Math.min(count, from + PART)} of ${count} created`);
  }
}

/** What queries cost on a fleet. `nested`: the condition over a nested property. */
async function queries(context, hub, count, nested) {
  const indexes = await request(hub, "PUT", "/api/v1/query/indexes", { signal: context.signal, body: { paths: ["tags.site"] } });
  expect("indexes", JSON.stringify(indexes.paths), '["tags.site"]');
  await delay(2_000, undefined, { signal: context.signal });
  const one = (wanted) => (rows) => expect("the count", rows[0]?.n, wanted);
  return {
    indexedMs: await timed(context, hub, "SELECT COUNT() AS n FROM devices WHERE tags.site = 'site-7'", one(count / SITES)),
    scanMs: await timed(context, hub, `SELECT COUNT() AS n FROM devices WHERE ${nested.condition}`, one(nested.matches(count))),
    groupMs: await timed(context, hub, "SELECT tags.line AS line, COUNT() AS n FROM devices GROUP BY tags.line", (rows) => {
      expect("the groups", rows.length, 12);
      expect("the sum", rows.reduce((sum, row) => sum + row.n, 0), count);
    }),
    pageMs: await timed(context, hub, "SELECT * FROM devices", (rows) => expect("the page", rows.length, 100), { pages: 1, size: 100 }),
  };
}

const OF_REPORTED = {
  condition: "properties.reported.firmware.channel.name = 'early' AND properties.reported.power.batteryPercent >= 0",
  matches: (count) => Math.ceil(count / 2),
};
/** For sizes whose devices do not all connect: stored and searched in the same way. */
const OF_DESIRED = { condition: "properties.desired.limits.high >= 50", matches: (count) => count / 2 };

/** Runs a scheduled job to its end: its seconds, and how long registry reads took meanwhile. */
async function job(context, hub, name, order, count) {
  const started = performance.now();
  await request(hub, "PUT", `/jobs/v2/${name}?${API_VERSION}`, { signal: context.signal, body: order });
  const reads = [];
  for (let read = 0; ; read += 1) {
    const asked = performance.now();
    await request(hub, "GET", `/devices/${order.read(read)}?${API_VERSION}`, { signal: context.signal });
    reads.push(performance.now() - asked);
    if (read % 10 === 0) {
      const found = await request(hub, "GET", `/jobs/v2/${name}?${API_VERSION}`, { signal: context.signal });
      if (found.status === "completed") {
        const seconds = (performance.now() - started) / 1000;
        expect(`devices of ${name}`, found.deviceJobStatistics.succeededCount, count);
        return { seconds, readP99Ms: percentile(reads, 99), reads: reads.length };
      }
      if (found.status !== "running" && found.status !== "queued") throw new Error(`${name} is ${found.status}: ${found.failureReason}`);
    }
    if (performance.now() - started > PATIENCE_MS) throw new Error(`${name} does not end`);
    await delay(10, undefined, { signal: context.signal });
  }
}

const reader = (prefix, count) => ({ read: (number) => `${prefix}${String((number * 7_919) % count).padStart(7, "0")}` });

async function updateAll(context, hub, count) {
  const order = {
    type: "scheduleUpdateTwin",
    updateTwin: { etag: "*", tags: { ring: "b" }, properties: { desired: { telemetryInterval: 30 } } },
    queryCondition: "*",
    maxExecutionTimeInSeconds: 3600,
    ...reader("device-", count),
  };
  const done = await job(context, hub, "update-all", order, count);
  const { rows } = await query(context, hub, "SELECT COUNT() AS n FROM devices WHERE tags.ring = 'b' AND properties.desired.telemetryInterval = 30");
  expect("changed twins", rows[0].n, count);
  return done;
}

/** Has simulated devices connect, and calls a method on all of them by a job. */
async function callAll(context, hub, count) {
  const simulator = spawn(
    context.deviceSim,
    ["run", "--url", hub.url, "--devices", String(count), "--prefix", "connected", "--create", "--interval", "60s", "--duration", "600s", "--json"],
    { env: { ...process.env, SKERRY_CONNECTION_STRING: hub.connectionString }, stdio: ["ignore", "ignore", "inherit"] },
  );
  try {
    for (;;) {
      await delay(500, undefined, { signal: context.signal });
      if (simulator.exitCode !== null) throw new Error(`device-sim ended with ${simulator.exitCode}`);
      const { connectedDeviceCount } = await request(hub, "GET", `/statistics/service?${API_VERSION}`, { signal: context.signal });
      if (connectedDeviceCount === count) break;
    }
    context.progress(`${count} devices are connected`);
    const order = {
      type: "scheduleDeviceMethod",
      cloudToDeviceMethod: { methodName: "ping", payload: {}, responseTimeoutInSeconds: 30 },
      queryCondition: "STARTSWITH(deviceId, 'connected-')",
      maxExecutionTimeInSeconds: 300,
      read: (number) => deviceId((number * 7_919) % 1_000),
    };
    return await job(context, hub, "call-all", order, count);
  } finally {
    simulator.kill("SIGTERM");
  }
}

async function onFleet(context, sizes, connected) {
  const home = new Home(context, "fleet");
  return withRuntimes(context, [{ kind: "hub", home }], async (hub) => {
    await create(context, hub, sizes.fleet);
    await reportAll(context, hub, sizes.fleet, (number) => ({ id: deviceId(number), key: KEY, patch: reported(number) }));
    const seen = await queries(context, hub, sizes.fleet, OF_REPORTED);
    context.progress(`queries: ${JSON.stringify(seen)}`);
    const updated = await updateAll(context, hub, sizes.fleet);
    context.progress(`a job over all took ${updated.seconds.toFixed(1)} s`);
    const called = await callAll(context, hub, connected);
    context.progress(`a method on ${connected} took ${called.seconds.toFixed(1)} s`);
    return { devices: sizes.fleet, ...seen, updated, called, connected };
  });
}

async function onOther(context, name, count) {
  const home = new Home(context, `fleet-${name}`);
  return withRuntimes(context, [{ kind: "hub", home }], async (hub) => {
    await create(context, hub, count);
    const seen = await queries(context, hub, count, OF_DESIRED);
    context.progress(`queries over ${count}: ${JSON.stringify(seen)}`);
    return { devices: count, ...seen };
  });
}

let fleet;
let others;

/** Made once for all figures. */
function measuredFleet(context) {
  const sizes = context.quick ? QUICK_SIZES : SIZES;
  fleet ??= onFleet(context, sizes, context.quick ? CONNECTED.quick : CONNECTED.full);
  return fleet;
}

function measuredOthers(context) {
  const sizes = context.quick ? QUICK_SIZES : SIZES;
  others ??= (async () => [await onOther(context, "few", sizes.few), await onOther(context, "million", sizes.million)])();
  return others;
}

const figure = (name, unit, atMost, value) => ({
  name,
  unit,
  target: { of: "value", atMost },
  measure: async (context) => {
    const seen = await measuredFleet(context);
    return [{ value: value(seen), ...seen }];
  },
});

export const fleetFigures = [
  figure("query-indexed", "ms for a count", 15, (seen) => seen.indexedMs),
  figure("query-scan", "ms for a count over all", 300, (seen) => seen.scanMs),
  figure("query-group", "ms for all groups", 600, (seen) => seen.groupMs),
  figure("query-page", "ms for the first page", 20, (seen) => seen.pageMs),
  figure("job-twins", "s for all", 30, (seen) => seen.updated.seconds),
  figure("job-reads", "ms p99 of a GET meanwhile", 500, (seen) => seen.updated.readP99Ms),
  figure("job-methods", "s for 2,000", 10, (seen) => seen.called.seconds),
  {
    name: "query-million",
    unit: "ms for a count over 1,000,000",
    target: { of: "value", atMost: 3_000 },
    measure: async (context) => {
      const [few, million] = await measuredOthers(context);
      return [{ value: million.scanMs, few, million }];
    },
  },
];
