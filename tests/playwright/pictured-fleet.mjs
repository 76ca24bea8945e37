// A small fleet at work, for pictures: devices of a few sites with twins, groups, a job, a
// configuration, an account and what else fills a screen.
import { expect } from './fixtures.mjs';

export const PICTURED = 'pump-bergen-02';

export const FLEET = [
  { id: 'pump-bergen-01', at: { lat: 60.3995, lon: 5.3030 }, site: 'bergen', kind: 'pump' },
  { id: PICTURED, site: 'bergen', kind: 'pump' },
  { id: 'pump-stavanger-01', at: { lat: 58.9733, lon: 5.7331 }, site: 'stavanger', kind: 'pump' },
  { id: 'tide-gauge-utsira', at: { lat: 59.3079, lon: 4.8729 }, site: 'utsira', kind: 'gauge' },
  { id: 'weather-mast-03', at: { lat: 59.3060, lon: 4.8790 }, site: 'utsira', kind: 'weather' },
  { id: 'buoy-fedje', at: { lat: 60.7780, lon: 4.7180 }, site: 'fedje', kind: 'buoy', leaves: true },
  { id: 'buoy-holmengra', at: { lat: 60.8400, lon: 4.6500 }, site: 'holmengraa', kind: 'buoy', absent: true },
  { id: 'valve-old-quay', at: { lat: 60.3975, lon: 5.3220 }, site: 'bergen', kind: 'valve', absent: true, disabled: true },
];

const DESIRED = {
  telemetry: { intervalSeconds: 10, precision: 2 },
  valve: { open: true, maxPressureBar: 6.5 },
  firmware: { version: '2.4.1' },
  alarms: { highTemperature: 78, lowFlow: 12.5 },
};

const REPORTED = {
  telemetry: { intervalSeconds: 10, precision: 2 },
  valve: { open: true, maxPressureBar: 6.5 },
  firmware: { version: '2.4.0', state: 'downloading', progress: 62 },
  alarms: { highTemperature: 78, lowFlow: 12.5 },
  network: { carrier: 'LTE-M', signal: -87 },
  uptimeHours: 1204,
};

/** What operators of this fleet keep an eye on. */
export const ISSUES = {
  'not-connected': { severity: 'warning', condition: 'connectionState = \'Disconnected\' AND status = \'enabled\'', description: 'Ask the harbour office before somebody goes out' },
  'pressure-low': { severity: 'error', condition: 'properties.reported.pressureBar < 2', description: 'Check the inlet' },
  'updating': { severity: 'info', condition: 'properties.reported.firmware.state = \'downloading\'', description: 'Downloads that have not finished' },
};

/** Makes the devices and their groups; gives those that are connected. */
export async function makeFleet(service, makeDevice) {
  const devices = new Map();
  for (const { id, site, kind, at, absent, disabled } of FLEET) {
    const device = await makeDevice(id);
    await service.patchTwin(id, { tags: { site, kind, ...(absent && { location: at }) } });
    if (disabled) await service.request('PUT', `/devices/${id}`, { ...(await service.device(id)), status: 'disabled', statusReason: 'replaced' }, { 'If-Match': '*' });
    if (!absent) devices.set(id, device);
  }
  // Before it connects: this one has its own answer to the change.
  await service.patchTwin(PICTURED, { properties: { desired: DESIRED } });
  for (const device of devices.values()) await device.connect();
  await devices.get(PICTURED).report(REPORTED);
  for (const { id, at } of FLEET.filter(({ id, at }) => at && devices.has(id))) await devices.get(id).report({ conditions: { location: { ...at, accuracyMeters: 15 } } });
  for (const id of ['pump-stavanger-01', 'pump-bergen-01']) await devices.get(id).report({ pressureBar: 1.4 });
  for (const [id, group] of Object.entries(ISSUES)) await service.request('PUT', `/api/v1/groups/${id}`, group);
  for (const { id } of FLEET.filter(({ leaves }) => leaves)) {
    await devices.get(id).close();
    devices.delete(id);
  }
  return devices;
}

export async function removeIssues(service) {
  for (const id of Object.keys(ISSUES)) await service.request('DELETE', `/api/v1/groups/${id}`);
}

/** The fleet, and something on every other screen. */
export async function furnish(service, makeDevice) {
  const devices = await makeFleet(service, makeDevice);
  const put = (path, body) => service.request('PUT', path, body);
  await put(`/devices/${PICTURED}/modules/inlet`, { deviceId: PICTURED, moduleId: 'inlet' });
  await put('/configurations/pumps-valves', {
    id: 'pumps-valves', schemaVersion: '2.0', priority: 10, targetCondition: 'tags.kind = \'pump\'', labels: { owner: 'harbour' },
    content: { deviceContent: { 'properties.desired.valve': { open: true, maxPressureBar: 6.5 } } },
    metrics: { queries: { applied: 'SELECT deviceId FROM devices WHERE configurations.[[pumps-valves]].status = \'Applied\'' } },
  });
  // One run of the suite leaves what it has made to the next one.
  const jobs = await service.request('GET', '/jobs/v2/query');
  if (!jobs.some((job) => job.jobId === 'pumps-interval')) {
    await put('/jobs/v2/pumps-interval', {
      type: 'scheduleUpdateTwin', queryCondition: 'tags.kind = \'pump\'', maxExecutionTimeInSeconds: 300,
      updateTwin: { etag: '*', properties: { desired: { telemetry: { intervalSeconds: 30 } } } },
    });
  }
  await expect.poll(async () => (await service.request('GET', '/jobs/v2/pumps-interval')).status).toBe('completed');
  await put('/api/v1/routes/low-pressure', { source: 'DeviceMessages', condition: '$body.pressureBar < 2', endpointNames: ['events'], isEnabled: true });
  await put('/api/v1/accounts/ingrid', { role: 'supervisor', password: 'a long enough passphrase' });
  await put('/api/v1/accounts/olav', { role: 'operator', scope: 'tags.site = \'bergen\'', password: 'a long enough passphrase' });
  await service.request('POST', '/api/v1/api-tokens', { name: 'nightly report', role: 'viewer', days: 90 });
  await put('/api/v1/maintenance-policies/harbour-nights', { priority: 10, targetCondition: 'tags.site = \'bergen\'', appliesTo: ['method:reboot'], windows: [{ days: ['sat', 'sun'], start: '02:00', durationMinutes: 180, timezone: 'Europe/Oslo' }] });
  await put('/api/v1/schemas/tags', { mode: 'warn', schema: { type: 'object', required: ['site'] } });
  await put('/api/v1/query/indexes', { paths: ['tags.site'] });
  await put('/api/v1/consumer-groups/reports', {});
  return devices;
}

/** Takes away what is no device. */
export async function unfurnish(service) {
  const remove = (path) => service.request('DELETE', path, undefined, { 'If-Match': '*' });
  await removeIssues(service);
  for (const path of ['/configurations/pumps-valves', '/api/v1/routes/low-pressure', '/api/v1/accounts/ingrid', '/api/v1/accounts/olav', '/api/v1/maintenance-policies/harbour-nights', '/api/v1/schemas/tags', '/api/v1/consumer-groups/reports']) await remove(path);
  for (const token of (await service.request('GET', '/api/v1/api-tokens')).items) await remove(`/api/v1/api-tokens/${token.id}`);
  await service.request('PUT', '/api/v1/query/indexes', { paths: [] });
}
