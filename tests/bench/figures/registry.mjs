// `GET /devices/{id}` as the registry grows: the slowest hundredth of the reads with 100,000
// devices, beside the same with 1,000, on two fresh hubs that are read in turn.

import { createFleet, readLatencies } from "../parts/registry-fleet.mjs";
import { interleave } from "../parts/interleave.mjs";
import { Home, withRuntimes } from "../parts/runtime.mjs";
import { percentile } from "../parts/statistics.mjs";

const FEW = 1_000;
const MANY = 100_000;
/** With `--quick`: enough to see whether the figure works. */
const QUICK_MANY = 3_000;
const WARM_UP_READS = 500;

async function measure(context) {
  const { many, reads, runs } = context.quick ? { many: QUICK_MANY, reads: 500, runs: 3 } : { many: MANY, reads: 3_000, runs: 5 };
  const wanted = [
    { kind: "hub", home: new Home(context, "registry-many") },
    { kind: "hub", home: new Home(context, "registry-few") },
  ];
  return withRuntimes(context, wanted, async (large, small) => {
    await createFleet(context, small, FEW);
    await createFleet(context, large, many);
    // The first reads open the shards' objects and fill caches, which is not what is asked.
    await readLatencies(context, small, FEW, WARM_UP_READS);
    await readLatencies(context, large, many, WARM_UP_READS);
    const pairs = await interleave(context, runs, {
      hub: () => readLatencies(context, large, many, reads),
      baseline: () => readLatencies(context, small, FEW, reads),
    });
    return pairs.map(({ hub, baseline }) => ({
      value: percentile(hub, 99),
      baseline: percentile(baseline, 99),
      p50Ms: percentile(hub, 50),
      baselineP50Ms: percentile(baseline, 50),
      devices: many,
      baselineDevices: FEW,
      reads,
    }));
  });
}

export const registry = {
  name: "registry",
  unit: "ms p99 of a GET",
  target: { of: "ratio", atMost: 1.5 },
  measure,
};
