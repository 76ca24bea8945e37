// What the bench prints at its end: a table for people, and a JSON line per figure.

const number = (value) =>
  value === null ? "–" : value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toLocaleString("en-US", { maximumSignificantDigits: 3 });

const range = (pair) => (pair === null ? "–" : `${number(pair[0])}–${number(pair[1])}`);

function target({ of, atLeast, atMost }) {
  return `${of} ${atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`}`;
}

/** The rows of the table, its head first. */
export function tableOf(summaries) {
  const head = ["figure", "unit", "hub", "min–max", "baseline", "min–max", "ratio", "min–max", "target", ""];
  const rows = summaries.map((one) => [
    one.name,
    one.unit,
    number(one.value),
    range(one.spread.value),
    number(one.baseline),
    range(one.spread.baseline),
    number(one.ratio),
    range(one.spread.ratio),
    target(one.target),
    one.passed ? "pass" : "FAIL",
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  return [head, ...rows].map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd());
}

/** The table and the JSON lines. */
export function print(summaries, failures) {
  const lines = summaries.length > 0 ? ["", ...tableOf(summaries), ""] : [];
  for (const one of summaries) lines.push(JSON.stringify(one));
  for (const { name, error } of failures) lines.push(JSON.stringify({ name, passed: false, error: error.message }));
  process.stdout.write(`${lines.join("\n")}\n`);
}
