// Medians, spreads, and the judgement of a figure.

export function median(values) {
  if (values.length === 0) throw new Error("no values to take a median of");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The value that `percent` of all values do not exceed (nearest rank). */
export function percentile(values, percent) {
  if (values.length === 0) throw new Error("no values to take a percentile of");
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
}

/** Smallest and largest. */
export function spread(values) {
  return [Math.min(...values), Math.max(...values)];
}

/** Significant digits: enough to compare, few enough to read. */
export function rounded(number, digits = 4) {
  return Number(number.toPrecision(digits));
}

/**
 * One figure from its runs `{value, baseline}`: medians of both sides, their ratio, and
 * whether the target is met. A target is `{of: "ratio" | "value", atLeast | atMost: number}`.
 */
export function summarise(figure, runs) {
  const values = runs.map((run) => run.value);
  const value = median(values);
  const compared = runs.every((run) => run.baseline !== undefined);
  const baseline = compared ? median(runs.map((run) => run.baseline)) : null;
  const ratio = compared ? value / baseline : null;
  const { of, atLeast, atMost } = figure.target;
  const judged = of === "ratio" ? ratio : value;
  // Written so that NaN and infinity fail.
  const passed = Number.isFinite(judged) && (atLeast === undefined || judged >= atLeast) && (atMost === undefined || judged <= atMost);
  return {
    name: figure.name,
    value: rounded(value),
    unit: figure.unit,
    baseline: compared ? rounded(baseline) : null,
    ratio: compared && Number.isFinite(ratio) ? rounded(ratio) : null,
    target: figure.target,
    passed,
    spread: {
      value: spread(values).map((number) => rounded(number)),
      baseline: compared ? spread(runs.map((run) => run.baseline)).map((number) => rounded(number)) : null,
      ratio: compared ? spread(runs.map((run) => run.value / run.baseline)).map((number) => rounded(number)) : null,
    },
    runs,
  };
}
