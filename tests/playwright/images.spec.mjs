// The documentation's two pictures, taken of a small fleet at work. Every run checks the scene;
// only SKERRY_UPDATE_IMAGES=1 writes docs/images, so that tests leave the checkout clean.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { expect, expectAccessible, picture, test } from './fixtures.mjs';
import { root } from './places.mjs';

const UPDATE = process.env.SKERRY_UPDATE_IMAGES === '1';
const FOLDER = path.join(root, 'docs/images');
const PICTURED = 'pump-bergen-02';

/** Samples under the figures: a line worth showing takes a minute; a test only needs some. */
const SAMPLES = UPDATE ? 26 : 3;

const FLEET = [
  { id: 'pump-bergen-01', site: 'bergen', kind: 'pump' },
  { id: PICTURED, site: 'bergen', kind: 'pump' },
  { id: 'pump-stavanger-01', site: 'stavanger', kind: 'pump' },
  { id: 'tide-gauge-utsira', site: 'utsira', kind: 'gauge' },
  { id: 'weather-mast-03', site: 'utsira', kind: 'weather' },
  { id: 'buoy-fedje', site: 'fedje', kind: 'buoy', leaves: true },
  { id: 'buoy-holmengra', site: 'holmengraa', kind: 'buoy', absent: true },
  { id: 'valve-old-quay', site: 'bergen', kind: 'valve', absent: true, disabled: true },
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
const ISSUES = {
  'not-connected': { severity: 'warning', condition: 'connectionState = \'Disconnected\' AND status = \'enabled\'', description: 'Ask the harbour office before somebody goes out' },
  'pressure-low': { severity: 'error', condition: 'properties.reported.pressureBar < 2', description: 'Check the inlet' },
  'updating': { severity: 'info', condition: 'properties.reported.firmware.state = \'downloading\'', description: 'Downloads that have not finished' },
};

async function publish(page, name) {
  await picture(page, `docs-${name}`);
  if (!UPDATE) return;
  mkdirSync(FOLDER, { recursive: true });
  await page.screenshot({ path: path.join(FOLDER, `${name}.png`), animations: 'disabled', caret: 'hide' });
}

test.use({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' });

test.afterEach(async ({ service }) => {
  for (const id of Object.keys(ISSUES)) await service.request('DELETE', `/api/v1/groups/${id}`);
});

test('a small fleet at work: the overview and a twin', async ({ page, emptyHub, makeDevice, service, at }) => {
  test.setTimeout(240_000);
  const devices = new Map();
  for (const { id, site, kind, absent, disabled } of FLEET) {
    const device = await makeDevice(id);
    await service.patchTwin(id, { tags: { site, kind } });
    if (disabled) await service.request('PUT', `/devices/${id}`, { ...(await service.device(id)), status: 'disabled', statusReason: 'replaced' }, { 'If-Match': '*' });
    if (!absent) devices.set(id, device);
  }
  // Before it connects: this one has its own answer to the change.
  await service.patchTwin(PICTURED, { properties: { desired: DESIRED } });
  for (const device of devices.values()) await device.connect();
  await devices.get(PICTURED).report(REPORTED);
  for (const id of ['pump-stavanger-01', 'pump-bergen-01']) await devices.get(id).report({ pressureBar: 1.4 });
  for (const [id, group] of Object.entries(ISSUES)) await service.request('PUT', `/api/v1/groups/${id}`, group);
  for (const { id } of FLEET.filter(({ leaves }) => leaves)) {
    await devices.get(id).close();
    devices.delete(id);
  }

  await page.goto(at(''));
  const counts = page.getByRole('img', { name: '5 connected, 1 disconnected, 2 never seen' });
  await expect(counts).toBeVisible();
  // A fleet speaks while the page watches: bursts of differing size, one per sample of the page.
  const rate = page.getByRole('img', { name: /^Messages per second, last \d+ samples/ });
  const samples = async () => Number(/(\d+) samples/.exec(await rate.getAttribute('aria-label'))[1]);
  let burst = 0;
  await expect.poll(async () => {
    burst += 1;
    const size = 3 + Math.round(2 * Math.sin(burst / 3));
    for (let count = 0; count < size; count += 1) {
      for (const device of devices.values()) await device.send({ temperature: 20 + count, flow: 14.2 + burst / 10 });
    }
    return samples();
  }, { timeout: 120_000, intervals: [500] }).toBeGreaterThanOrEqual(SAMPLES);
  await expect(counts).toBeVisible();
  const absent = page.getByRole('region', { name: 'Not connected' });
  await expect(absent.getByRole('rowheader')).toHaveText(['buoy-fedje', 'buoy-holmengra', 'valve-old-quay']);
  await expect(absent.getByRole('row').filter({ hasText: 'valve-old-quay' })).toContainText('replaced');
  await expect(page.getByRole('region', { name: 'Current issues' }).getByRole('heading', { level: 3 })).toHaveText(['pressure-low', 'not-connected', 'updating']);
  await publish(page, 'overview');
  await expectAccessible(page, 'overview of a fleet');

  await page.goto(at(`devices/${PICTURED}/twin`));
  await expect(page.getByRole('status').filter({ hasText: /^Connected$/ })).toBeVisible();
  await expect(page.getByLabel('Edit desired properties as JSON')).toHaveValue(/"version": "2.4.1"/);
  await expect(page.getByRole('group', { name: 'Reported' })).toContainText('"downloading"');
  await expect(page.getByText('1 value differs from desired')).toBeVisible();
  await publish(page, 'device-twin');
  await expectAccessible(page, 'a twin with drift');
});
