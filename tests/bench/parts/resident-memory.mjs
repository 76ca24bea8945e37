// What a workerd takes: resident memory, read when it no longer moves, and processor time.

import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

import { median } from "./statistics.mjs";

/** Samples, a second apart, that must agree. */
const SAMPLES = 6;
/** What counts as the same. */
const TOLERANCE_BYTES = 1024 * 1024;
/** Objects leave memory about 10 s after their last work, and the heap shrinks behind that. */
const LEAST_SECONDS = 18;
const MOST_SECONDS = 60;
/** The unit of /proc/PID/stat, the same on every Linux of today. */
const TICKS_PER_SECOND = 100;

/** Resident bytes of a process now. */
export function residentBytes(pid) {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  if (!line) throw new Error(`/proc/${pid}/status has no VmRSS: this needs Linux, and a process that lives`);
  return Number(line[1]) * 1024;
}

/** Seconds of processor time that a process has had: noise of the machine is not in them. */
export function processorSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident bytes once settled: the median of the last samples, and whether they agreed in time. */
export async function settledBytes(pid, signal) {
  const samples = [];
  for (let second = 1; ; second += 1) {
    await delay(1000, undefined, { signal });
    samples.push(residentBytes(pid));
    const last = samples.slice(-SAMPLES);
    const agree = last.length === SAMPLES && Math.max(...last) - Math.min(...last) <= TOLERANCE_BYTES;
    if ((second >= LEAST_SECONDS && agree) || second >= MOST_SECONDS) return { bytes: median(last), settled: agree };
  }
}
