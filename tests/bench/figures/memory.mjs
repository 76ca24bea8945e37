// Resident bytes of workerd for one more idle connection.

import { createDevices, withIdleConnections } from "../parts/device-sim.mjs";
import { interleave } from "../parts/interleave.mjs";
import { settledBytes } from "../parts/resident-memory.mjs";
import { Home, withRuntimes } from "../parts/runtime.mjs";

/** Connections at the first reading: enough to fill what is free in either heap before them. */
const FIRST_SHARE = 5;

/** Memory does not come back from a process, so every run has a new one on the same storage. */
async function perConnection(context, wanted, mode, connections) {
  return withRuntimes(context, [wanted], async (runtime) => {
    const idle = (count) =>
      withIdleConnections(context, runtime, mode, count, () => settledBytes(runtime.workerdPid, context.signal));
    const few = connections / FIRST_SHARE;
    const before = await idle(few);
    const after = await idle(connections);
    return {
      bytes: Math.round((after.bytes - before.bytes) / (connections - few)),
      settled: before.settled && after.settled,
    };
  });
}

async function measure(context) {
  const { connections, runs } = context.quick ? { connections: 1_000, runs: 3 } : { connections: 5_000, runs: 5 };
  const hub = { kind: "hub", home: new Home(context, "memory-hub") };
  const baseline = { kind: "baseline", home: new Home(context, "memory-baseline") };
  await withRuntimes(context, [hub], (runtime) => createDevices(context, runtime, connections));
  const pairs = await interleave(context, runs, {
    hub: () => perConnection(context, hub, "idle", connections),
    baseline: () => perConnection(context, baseline, "raw-idle", connections),
  });
  return pairs.map((pair) => ({
    value: pair.hub.bytes,
    baseline: pair.baseline.bytes,
    settled: pair.hub.settled && pair.baseline.settled,
  }));
}

export const memory = {
  name: "memory",
  unit: "bytes/connection",
  target: { of: "ratio", atMost: 1.5 },
  measure,
};
