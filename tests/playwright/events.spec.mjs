// The live tail of all sources: what comes in, filters in the address, pause, and a file of it.
import { readFileSync } from 'node:fs';
import { expect, expectAccessible, picture, test } from './fixtures.mjs';

const rows = (page) => page.locator('.tail .event');

test('everything the hub stores shows as it comes in', async ({ page, emptyHub, makeDevice, at }) => {
  const device = await makeDevice('tail-1');
  const other = await makeDevice('tail-2');
  await page.goto(at(''));
  // Keys lead somewhere once the frame is drawn, not when the document has loaded.
  await expect(page.getByRole('heading', { name: 'Fleet overview', level: 1 })).toBeVisible();
  await page.keyboard.press('g');
  await page.keyboard.press('v');
  await expect(page).toHaveURL(at('events'));
  await expect(page.getByRole('heading', { name: 'Events', level: 1 })).toBeVisible();
  await expect(page.getByText('Listening')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Waiting for the first event' })).toBeVisible();
  await expectAccessible(page, 'events, none yet');

  await device.connect();
  await other.connect();
  await device.send({ temperature: 21, note: 'warm' });
  await other.send({ temperature: 3, note: 'cold' });
  await expect(rows(page).filter({ hasText: 'tail-1' }).filter({ hasText: 'warm' })).toHaveCount(1);
  await expect(rows(page).filter({ hasText: 'tail-2' }).filter({ hasText: 'cold' })).toHaveCount(1);
  // What the hub itself tells comes here only with a route for it.
  await expect(rows(page).filter({ hasText: 'Telemetry' })).toHaveCount(2);
  await rows(page).filter({ hasText: 'warm' }).click();
  await expect(rows(page).filter({ hasText: 'warm' }).getByText('System properties')).toBeVisible();
  await picture(page, 'events');
  await expectAccessible(page, 'events');

  await test.step('a text filters what is here', async () => {
    await page.keyboard.press('/');
    await expect(page.getByRole('searchbox', { name: 'Filter by text' })).toBeFocused();
    await page.keyboard.type('COLD');
    await expect(rows(page)).toHaveCount(1);
    await expect(page).toHaveURL(at('events?text=COLD'));
    await page.getByRole('searchbox', { name: 'Filter by text' }).fill('nothing has this');
    await expect(page.getByText('None of the events that are kept here holds this text.')).toBeVisible();
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await expect(rows(page)).not.toHaveCount(0);
  });

  await test.step('held, nothing moves', async () => {
    await page.getByRole('button', { name: 'Pause' }).click();
    const before = await rows(page).count();
    await device.send({ note: 'meanwhile' });
    await expect(page.getByRole('button', { name: 'Resume, 1 waiting' })).toBeVisible();
    await expect(rows(page)).toHaveCount(before);
    await page.getByRole('button', { name: 'Resume, 1 waiting' }).click();
    await expect(rows(page).filter({ hasText: 'meanwhile' })).toHaveCount(1);
  });

  await test.step('what is here becomes a file', async () => {
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save as NDJSON' }).click();
    const lines = readFileSync(await (await download).path(), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line));
    expect(lines.length).toBe(await rows(page).count());
    expect(lines.map((one) => one.body?.note).filter(Boolean)).toEqual(expect.arrayContaining(['warm', 'cold', 'meanwhile']));
  });

  await test.step('source and device are asked of the hub, and what is kept can be replayed', async () => {
    await page.getByRole('main').getByLabel('Source').selectOption({ label: 'Telemetry' });
    await expect(page).toHaveURL(at('events?source=Telemetry'));
    await page.getByRole('main').getByLabel('Start at').selectOption({ label: 'Oldest kept' });
    await page.getByRole('searchbox', { name: 'Device id, in full' }).fill('tail-2');
    await expect(rows(page)).toHaveCount(1);
    await expect(rows(page)).toContainText('cold');
    await page.reload();
    await expect(rows(page)).toHaveCount(1);
  });
});
