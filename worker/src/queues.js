// Queues that the deployment has bound: `QUEUE_ALARMS` is the queue `alarms` of endpoints.
// No rule of the hub lives in this file.

const PREFIX = "QUEUE_";
/** What the platform takes at once. */
const MOST_MESSAGES = 100;
const MOST_BYTES = 240_000;
const MOST_BYTES_OF_ONE = 127_000;

/** Names of the queues, with commas. */
export function queueNames(env) {
  const names = Object.keys(env).filter((key) => key.startsWith(PREFIX) && env[key]?.sendBatch);
  return names.map((key) => key.slice(PREFIX.length).toLowerCase().replaceAll("_", "-")).join(",");
}

/** Puts the events of a JSON array into a queue, in order. Answers with a status, as a receiver of requests would. */
export async function enqueue(env, name, events) {
  const queue = env[PREFIX + name.toUpperCase().replaceAll("-", "_")];
  if (!queue?.sendBatch) throw new Error(`no queue ${name} is bound`);
  const encoder = new TextEncoder();
  let batch = [];
  let bytes = 0;
  for (const body of JSON.parse(events)) {
    const size = encoder.encode(JSON.stringify(body)).length;
    if (size > MOST_BYTES_OF_ONE) return 413;
    if (batch.length === MOST_MESSAGES || bytes + size > MOST_BYTES) {
      await queue.sendBatch(batch);
      batch = [];
      bytes = 0;
    }
    batch.push({ body, contentType: "json" });
    bytes += size;
  }
  await queue.sendBatch(batch);
  return 202;
}
