// Drives the unmodified npm `azure-iothub`: every method of its Registry, its queries, and direct
// methods of its Client. All of that is REST over https on port 443 (service.md §14.1).
import iothub from 'azure-iothub';
import { serve } from './agent.mjs';

let registry;
let client;
let jobs;

/** What the application gets, without the SDK's own wiring around it. */
function plain(answer) {
  const body = answer && typeof answer === 'object' && 'responseBody' in answer ? answer.responseBody : answer;
  return body === undefined ? null : JSON.parse(JSON.stringify(body));
}

serve({
  async open({ connectionString }) {
    registry = iothub.Registry.fromConnectionString(connectionString);
    jobs = iothub.JobClient.fromConnectionString(connectionString);
    client = iothub.Client.fromConnectionString(connectionString);
  },

  async registry({ method, parameters }) {
    return plain(await registry[method](...parameters));
  },

  // All pages of a query, as the application sees them.
  async query({ text, pageSize, asTwins }) {
    const query = registry.createQuery(text, pageSize);
    const pages = [];
    while (query.hasMoreResults) {
      const { result } = asTwins ? await query.nextAsTwin() : await query.next(query.continuationToken);
      pages.push(asTwins ? result.map((twin) => ({ deviceId: twin.deviceId, tags: twin.tags })) : plain(result));
    }
    return pages;
  },

  // A null start becomes "now"; the SDK wants a Date.
  async job({ method, parameters }) {
    const ready = method.startsWith('schedule')
      ? parameters.map((parameter, place) => (place === 3 && parameter === null ? new Date() : parameter))
      : parameters;
    return plain((await jobs[method](...ready)).jobStatus);
  },

  async jobQuery({ type, status, pageSize }) {
    const query = jobs.createQuery(type, status, pageSize);
    const pages = [];
    while (query.hasMoreResults) {
      pages.push(plain((await query.next(query.continuationToken)).result));
    }
    return pages;
  },

  async invokeDeviceMethod({ deviceId, parameters }) {
    return plain((await client.invokeDeviceMethod(deviceId, parameters)).result);
  },
});
