// Row writes per stored message at a steady 1,000 messages a second.

import { setTimeout as delay } from "node:timers/promises";

import { createDevices, loadWhile } from "../parts/device-sim.mjs";
import { rowWrites, storedEvents } from "../parts/hub-client.mjs";
import { Home, withRuntimes } from "../parts/runtime.mjs";

const CONNECTIONS = 200;
const RATE = 1_000;
const LOAD = ["--connections", String(CONNECTIONS), "--payload", "100", "--qos", "1", "--rate", String(RATE), "--parallel", "32"];
/** The messages must really come at that rate, or the figure is another one. */
const RATE_TOLERANCE = 0.05;
const SETTLE_SECONDS = 3;
const START_PATIENCE_MS = 60_000;

/** Rows written between two readings, by statement. */
function difference(before, after) {
  return Object.fromEntries(
    Object.entries(after)
      .map(([name, rows]) => [name, rows - (before[name] ?? 0)])
      .filter(([, rows]) => rows > 0),
  );
}

async function reading(runtime) {
  const [counts, stored] = await Promise.all([rowWrites(runtime), storedEvents(runtime)]);
  return { counts, stored, at: performance.now() };
}

async function until(signal, condition, what) {
  const started = performance.now();
  while (!(await condition())) {
    if (performance.now() - started > START_PATIENCE_MS) throw new Error(`${what} did not happen in ${START_PATIENCE_MS / 1000} s`);
    await delay(200, undefined, { signal });
  }
}

async function measure(context) {
  const { seconds, runs } = context.quick ? { seconds: 5, runs: 3 } : { seconds: 15, runs: 5 };
  const longestSeconds = seconds + SETTLE_SECONDS + START_PATIENCE_MS / 1000;
  const wanted = [{ kind: "counted-hub", home: new Home(context, "rows-hub") }];
  return withRuntimes(context, wanted, async (hub) => {
    await createDevices(context, hub, CONNECTIONS);
    const results = [];
    for (let index = 0; index < runs; index += 1) {
      const idle = await storedEvents(hub);
      const [first, last] = await loadWhile(context, hub, { mode: "telemetry", longestSeconds, options: LOAD }, async () => {
        // Messages flow when all devices are connected: their connecting must not count.
        await until(context.signal, async () => (await storedEvents(hub)) > idle + 2 * RATE, "the load");
        await delay(SETTLE_SECONDS * 1000, undefined, { signal: context.signal });
        const before = await reading(hub);
        await delay(seconds * 1000, undefined, { signal: context.signal });
        return [before, await reading(hub)];
      });
      const messages = last.stored - first.stored;
      const perSecond = (messages * 1000) / (last.at - first.at);
      if (Math.abs(perSecond / RATE - 1) > RATE_TOLERANCE) {
        throw new Error(`${Math.round(perSecond)} messages a second were stored, not ${RATE}: the hub or the machine is too busy for this figure`);
      }
      const statements = difference(first.counts, last.counts);
      const written = Object.values(statements).reduce((sum, rows) => sum + rows, 0);
      // Retention deletes every segment later, which is a row write too.
      const deletedLater = statements["INSERT segment"] ?? 0;
      if (deletedLater === 0) throw new Error("messages were stored without a row in `segment`: the counter is blind");
      results.push({ value: (written + deletedLater) / messages, messages, written, deletedLater, statements });
      context.progress(`run ${index + 1} of ${runs}`);
    }
    return results;
  });
}

export const rows = {
  name: "rows",
  unit: "row writes/message",
  target: { of: "value", atMost: 0.05 },
  measure,
};
