// Drives the unmodified npm `azure-iothub`: every method of its Registry, and direct methods of its
// Client. All of that is REST over https on port 443 (service.md §14.1).
import iothub from 'azure-iothub';
import { serve } from './agent.mjs';

let registry;
let client;

/** What the application gets, without the SDK's own wiring around it. */
function plain(answer) {
  const body = answer && typeof answer === 'object' && 'responseBody' in answer ? answer.responseBody : answer;
  return body === undefined ? null : JSON.parse(JSON.stringify(body));
}

serve({
  async open({ connectionString }) {
    registry = iothub.Registry.fromConnectionString(connectionString);
    client = iothub.Client.fromConnectionString(connectionString);
  },

  async registry({ method, parameters }) {
    return plain(await registry[method](...parameters));
  },

  async invokeDeviceMethod({ deviceId, parameters }) {
    return plain((await client.invokeDeviceMethod(deviceId, parameters)).result);
  },
});
