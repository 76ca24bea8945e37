// Runs hub and baseline in turn, so that what disturbs the machine disturbs both.

/** `count` pairs of runs; who begins changes from pair to pair. */
export async function interleave(context, count, { hub, baseline }) {
  const pairs = [];
  for (let index = 0; index < count; index += 1) {
    context.signal.throwIfAborted();
    const pair = {};
    const steps = [
      ["baseline", baseline],
      ["hub", hub],
    ];
    if (index % 2 === 1) steps.reverse();
    for (const [side, run] of steps) pair[side] = await run();
    pairs.push(pair);
    context.progress(`run ${index + 1} of ${count}`);
  }
  return pairs;
}
