// Connects a second: WebSocket, CONNECT with a SAS token, session, CONNACK; beside plain WebSockets.

import { createDevices, load } from "../parts/device-sim.mjs";
import { interleave } from "../parts/interleave.mjs";
import { Home, withRuntimes } from "../parts/runtime.mjs";

const DEVICES = 512;
/** As many at a time as it takes to keep workerd busy: with few, the disk's latency is what is measured. */
const LOAD = ["--connections", String(DEVICES), "--parallel", "128"];

async function measure(context) {
  const { seconds, warmUp, runs } = context.quick ? { seconds: 3, warmUp: 1, runs: 3 } : { seconds: 8, warmUp: 2, runs: 5 };
  const wanted = [
    { kind: "hub", home: new Home(context, "connect-hub") },
    { kind: "baseline", home: new Home(context, "connect-baseline") },
  ];
  return withRuntimes(context, wanted, async (hub, baseline) => {
    await createDevices(context, hub, DEVICES);
    const pairs = await interleave(context, runs, {
      hub: () => load(context, hub, { mode: "connect", seconds, warmUp, options: LOAD }),
      baseline: () => load(context, baseline, { mode: "raw-connect", seconds, warmUp, options: LOAD }),
    });
    return pairs.map((pair) => ({
      value: pair.hub.perSecond,
      baseline: pair.baseline.perSecond,
      p50Ms: pair.hub.p50Ms,
      p99Ms: pair.hub.p99Ms,
      baselineP99Ms: pair.baseline.p99Ms,
    }));
  });
}

export const connect = {
  name: "connect",
  unit: "connects/s",
  target: { of: "ratio", atLeast: 0.3 },
  measure,
};
