// Messages a second with five routes, two of them on the body, beside the same hub without
// routes. One message in a hundred goes to a receiver too, which has to get them all.

import { createServer } from "node:http";

import { createDevices, load } from "../parts/device-sim.mjs";
import { request, storedEvents } from "../parts/hub-client.mjs";
import { interleave } from "../parts/interleave.mjs";
import { Home, withRuntimes } from "../parts/runtime.mjs";

const CONNECTIONS = 200;
const LOAD = ["--connections", String(CONNECTIONS), "--window", "10", "--payload", "100", "--qos", "1", "--parallel", "32"];
const DELIVERY_PATIENCE_MS = 60_000;

const ROUTES = [
  { name: "every-hundredth", condition: "ENDS_WITH($body.sequence, '00')", endpoint: "receiver" },
  { name: "cold", condition: "$body.temperature < -40", endpoint: "receiver" },
  { name: "critical", condition: "level = 'critical'", endpoint: "receiver" },
  { name: "one-device", condition: "$connectionDeviceId = 'nobody'", endpoint: "receiver" },
  { name: "all", condition: "NOT IS_DEFINED(heartbeat) OR $contentType = 'application/json'", endpoint: "events" },
];

/** Takes events and counts those that it has not seen. */
async function receiver() {
  const seen = new Set();
  const server = createServer((asked, answer) => {
    const chunks = [];
    asked.on("data", (chunk) => chunks.push(chunk));
    asked.on("end", () => {
      const body = JSON.parse(Buffer.concat(chunks).toString());
      if (body.validationCode) {
        answer.end(JSON.stringify({ validationResponse: body.validationCode }));
        return;
      }
      for (const event of body) seen.add(event.id);
      answer.end();
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { seen, host: `127.0.0.1:${server.address().port}`, close: () => server.close() };
}

async function route(runtime, host) {
  const { routing } = await request(runtime, "PUT", "/api/v1/routing", {
    body: {
      routing: {
        endpoints: { webhooks: [{ name: "receiver", url: `http://${host}/events`, batch: { maxEvents: 100, maxSeconds: 1 } }] },
        routes: ROUTES.map(({ name, condition, endpoint }) => ({ name, condition, source: "DeviceMessages", endpointNames: [endpoint] })),
      },
    },
  });
  const [{ status }] = routing.endpoints.webhooks;
  if (status !== "active") throw new Error(`the receiver is ${status}`);
}

/** Waits until everything that was routed is delivered. */
async function drained(context, runtime) {
  const until = performance.now() + DELIVERY_PATIENCE_MS;
  for (;;) {
    const { value } = await request(runtime, "GET", "/api/v1/routing/endpoints/health");
    if (value[0].waitingSince === null) return value[0];
    if (performance.now() > until) throw new Error(`events wait since ${value[0].waitingSince}`);
    context.signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function measure(context) {
  const { seconds, warmUp, runs } = context.quick ? { seconds: 3, warmUp: 1, runs: 3 } : { seconds: 10, warmUp: 2, runs: 5 };
  const outside = await receiver();
  const home = new Home(context, "routes-hub");
  home.allowedHosts = [outside.host];
  const wanted = [
    { kind: "hub", home },
    { kind: "hub", home: new Home(context, "routes-baseline") },
  ];
  try {
    return await withRuntimes(context, wanted, async (routed, plain) => {
      for (const runtime of [routed, plain]) await createDevices(context, runtime, CONNECTIONS);
      await route(routed, outside.host);
      const run = async (runtime) => {
        const before = await storedEvents(runtime);
        const figures = await load(context, runtime, { mode: "telemetry", seconds, warmUp, options: LOAD });
        const stored = (await storedEvents(runtime)) - before;
        if (stored < figures.acked) {
          throw new Error(`${figures.acked} messages were acknowledged, but only ${stored} are stored`);
        }
        return { ...figures, stored };
      };
      const pairs = await interleave(context, runs, {
        async hub() {
          const { delivered } = await drained(context, routed);
          const figures = await run(routed);
          const after = await drained(context, routed);
          const routedShare = (after.delivered - delivered) / figures.stored;
          if (routedShare < 0.005 || outside.seen.size < after.delivered) {
            throw new Error(`${after.delivered} events are delivered by the hub's account, ${outside.seen.size} came`);
          }
          return figures;
        },
        baseline: () => run(plain),
      });
      return pairs.map((pair) => ({
        value: pair.hub.perSecond,
        baseline: pair.baseline.perSecond,
        p50Ms: pair.hub.p50Ms,
        p99Ms: pair.hub.p99Ms,
        baselineP99Ms: pair.baseline.p99Ms,
      }));
    });
  } finally {
    outside.close();
  }
}

export const routes = {
  name: "routes",
  unit: "messages/s",
  target: { of: "ratio", atLeast: 0.7 },
  measure,
};
