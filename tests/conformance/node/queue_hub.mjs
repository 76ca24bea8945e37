// A hub for which a queue is bound, and a consumer of that queue, which posts what it gets to a receiver. One line on
// standard input has the settings; standard output says when it serves. It ends with its input.
import { createRequire } from 'node:module';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { hubOptions } from '../../../xtask/node/options.mjs';

const { Miniflare } = createRequire(join(process.env.SKERRY_NODE_MODULES, 'miniflare/'))('miniflare');

const CONSUMER = `export default {
  async queue(batch, env) {
    const events = batch.messages.map((message) => message.body);
    const answer = await fetch(env.RECEIVER, { method: 'POST', body: JSON.stringify(events) });
    if (!answer.ok) throw new Error('the receiver did not take it');
  },
}`;

const lines = createInterface({ input: process.stdin });
const [line] = await once(lines, 'line');
const settings = JSON.parse(line);
const options = hubOptions(settings);
options.workers[0].queueProducers = { QUEUE_ALARMS: 'alarms' };
options.workers.push({
  name: 'consumer',
  modules: true,
  script: CONSUMER,
  compatibilityDate: options.workers[0].compatibilityDate,
  bindings: { RECEIVER: settings.receiver },
  queueConsumers: { alarms: { maxBatchTimeout: 0 } },
});
const miniflare = new Miniflare(options);
await miniflare.ready;
const url = await miniflare.unsafeGetDirectURL('hub');
const answer = await fetch(new URL('/api/v1/bootstrap', url), {
  method: 'POST',
  headers: { authorization: `Bootstrap ${settings.bootstrapSecret}`, 'content-type': 'application/json' },
  body: JSON.stringify({ hostName: settings.hostNames[0] }),
});
const { connectionString } = await answer.json();
process.stdout.write(`${JSON.stringify({ url: url.origin, connectionString })}\n`);
await once(lines, 'close');
await miniflare.dispose();
