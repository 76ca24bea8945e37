// Run with `node --test tests/bench/`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { tableOf } from "./report.mjs";
import { median, percentile, summarise } from "./statistics.mjs";

const atLeast = { name: "speed", unit: "messages/s", target: { of: "ratio", atLeast: 0.4 } };
const atMost = { name: "rows", unit: "rows", target: { of: "value", atMost: 0.05 } };

test("a median is the middle, or the mean of the two middles", () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.throws(() => median([]), /no values/);
});

test("a percentile is a value that occurred, and leaves so many above it", () => {
  const values = Array.from({ length: 1_000 }, (_, index) => 1_000 - index);
  assert.deepEqual([percentile(values, 50), percentile(values, 99), percentile(values, 100)], [500, 990, 1_000]);
  assert.equal(percentile([7], 99), 7);
  assert.throws(() => percentile([], 99), /no values/);
});

test("the ratio is that of the medians, and the spread tells the worst pair", () => {
  const one = summarise(atLeast, [
    { value: 50, baseline: 100 },
    { value: 30, baseline: 100 },
    { value: 60, baseline: 200 },
  ]);
  assert.deepEqual([one.value, one.baseline, one.ratio, one.passed], [50, 100, 0.5, true]);
  assert.deepEqual(one.spread, { value: [30, 60], baseline: [100, 200], ratio: [0.3, 0.5] });
});

test("a target is met at its very value and missed beyond it", () => {
  const ratio = (value) => summarise(atLeast, [{ value, baseline: 1_000 }]).passed;
  assert.deepEqual([ratio(400), ratio(399)], [true, false]);
  const rows = (value) => summarise(atMost, [{ value }]).passed;
  assert.deepEqual([rows(0.05), rows(0.0501)], [true, false]);
});

test("what is no number never passes", () => {
  assert.equal(summarise(atLeast, [{ value: 1, baseline: 0 }]).passed, false);
  assert.equal(summarise(atMost, [{ value: Number.NaN }]).passed, false);
});

test("without a baseline there is no ratio", () => {
  const one = summarise(atMost, [{ value: 0.01 }, { value: 0.03 }]);
  assert.deepEqual([one.value, one.baseline, one.ratio, one.spread.ratio], [0.02, null, null, null]);
  assert.match(tableOf([one])[1], /0\.02 .*value ≤ 0\.05 +pass$/);
});
