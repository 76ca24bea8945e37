// Messages a second that are stored and acknowledged, beside the same bytes echoed.

import { createDevices, load } from "../parts/device-sim.mjs";
import { storedEvents } from "../parts/hub-client.mjs";
import { interleave } from "../parts/interleave.mjs";
import { Home, withRuntimes } from "../parts/runtime.mjs";

const CONNECTIONS = 200;
const LOAD = ["--connections", String(CONNECTIONS), "--window", "10", "--payload", "100", "--qos", "1", "--parallel", "32"];

async function measure(context) {
  const { seconds, warmUp, runs } = context.quick ? { seconds: 3, warmUp: 1, runs: 3 } : { seconds: 10, warmUp: 2, runs: 5 };
  const wanted = [
    { kind: "hub", home: new Home(context, "telemetry-hub") },
    { kind: "baseline", home: new Home(context, "telemetry-baseline") },
  ];
  return withRuntimes(context, wanted, async (hub, baseline) => {
    await createDevices(context, hub, CONNECTIONS);
    const pairs = await interleave(context, runs, {
      async hub() {
        const before = await storedEvents(hub);
        const figures = await load(context, hub, { mode: "telemetry", seconds, warmUp, options: LOAD });
        const stored = (await storedEvents(hub)) - before;
        if (stored < figures.acked) {
          throw new Error(`${figures.acked} messages were acknowledged, but only ${stored} are stored`);
        }
        return figures;
      },
      baseline: () => load(context, baseline, { mode: "raw-echo", seconds, warmUp, options: LOAD }),
    });
    return pairs.map((pair) => ({
      value: pair.hub.perSecond,
      baseline: pair.baseline.perSecond,
      p50Ms: pair.hub.p50Ms,
      p99Ms: pair.hub.p99Ms,
      baselineP99Ms: pair.baseline.p99Ms,
      baselineServed: pair.baseline.served,
    }));
  });
}

export const telemetry = {
  name: "telemetry",
  unit: "messages/s",
  target: { of: "ratio", atLeast: 0.4 },
  measure,
};
