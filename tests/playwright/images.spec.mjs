// The documentation's two pictures, taken of a small fleet at work. Every run checks the scene;
// only SKERRY_UPDATE_IMAGES=1 writes docs/images, so that tests leave the checkout clean.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { expect, expectAccessible, picture, test } from './fixtures.mjs';
import { makeFleet, PICTURED, removeIssues } from './pictured-fleet.mjs';
import { root } from './places.mjs';

const UPDATE = process.env.SKERRY_UPDATE_IMAGES === '1';
const FOLDER = path.join(root, 'docs/images');
/** Samples under the figures: a line worth showing takes a minute; a test only needs some. */
const SAMPLES = UPDATE ? 26 : 3;

async function publish(page, name) {
  await picture(page, `docs-${name}`);
  if (!UPDATE) return;
  mkdirSync(FOLDER, { recursive: true });
  await page.screenshot({ path: path.join(FOLDER, `${name}.png`), animations: 'disabled', caret: 'hide' });
}

test.use({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' });

test.afterEach(async ({ service }) => {
  await removeIssues(service);
});

test('a small fleet at work: the overview and a twin', async ({ page, emptyHub, makeDevice, service, at }) => {
  test.setTimeout(240_000);
  const devices = await makeFleet(service, makeDevice);

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
