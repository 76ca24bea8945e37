// Resident bytes of workerd for one more idle connection.

import { createDevices, load, withIdleConnections } from "../parts/device-sim.mjs";
import { interleave } from "../parts/interleave.mjs";
import { settledBytes } from "../parts/resident-memory.mjs";
import { Home, withRuntimes } from "../parts/runtime.mjs";

/** Connections before the first reading, so that compiled code does not count as connections. */
const WARM_UP = ["--connections", "10"];

/** Memory does not come back from a process, so every run has a new one on the same storage. */
async function perConnection(context, wanted, mode, connections) {
  return withRuntimes(context, [wanted], async (runtime) => {
    await load(context, runtime, { mode, seconds: 1, options: WARM_UP });
    const before = await settledBytes(runtime.workerdPid, context.signal);
    const after = await withIdleConnections(context, runtime, mode, connections, () =>
      settledBytes(runtime.workerdPid, context.signal),
    );
    return {
      bytes: Math.round((after.bytes - before.bytes) / connections),
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
