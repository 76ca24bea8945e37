// The long list of devices: what is in sight, what stays where it is, columns, views and files.
import { readFileSync } from 'node:fs';
import { expect, expectAccessible, picture, test } from './fixtures.mjs';
import { makeFleet } from './fleet.mjs';
import { dark, expectKorean, korean } from './languages.mjs';

const grid = (page) => page.getByRole('grid', { name: /^(Devices|디바이스)$/ });
const row = (page, id) => page.getByRole('row').filter({ has: page.getByRole('link', { name: id }) });

/** Scrolls so that a row is at the top. */
const scrollTo = (page, index) => grid(page).evaluate((element, index) => { element.scrollTop = index * 38; }, index);

// Other tests look at the limits.
test.afterAll(async ({ service }) => {
  await service.request('PUT', '/api/v1/throttles', { units: 1 });
});

test('a long list is whole for who scrolls and small in the document', async ({ page, emptyHub, service, at }) => {
  await makeFleet(service, 3000);
  await page.goto(at('devices'));
  await expect(page.getByRole('status').filter({ hasText: '3,000 devices' })).toBeVisible();
  await expect(grid(page)).toHaveAttribute('aria-rowcount', '3001');
  await expect(grid(page)).toHaveAttribute('aria-colcount', '7');
  await expect(row(page, 'pump-000000')).toHaveAttribute('aria-rowindex', '2');
  await picture(page, 'devices-grid');
  await expectAccessible(page, 'long list');

  for (const place of [1500, 2990, 700, 2100]) {
    await scrollTo(page, place);
    const id = `pump-${String(place).padStart(6, '0')}`;
    await expect(row(page, id)).toHaveAttribute('aria-rowindex', String(place + 2));
    expect(await page.getByRole('row').count(), 'only rows in sight are there').toBeLessThan(80);
  }
  await expect(page).toHaveURL(at('devices?row=2101'));
  await expectAccessible(page, 'long list in the middle');

  // Back from a device one is where one was.
  await page.getByRole('link', { name: 'pump-002103' }).click();
  await expect(page.getByRole('heading', { name: 'pump-002103' })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole('link', { name: 'pump-002103' })).toBeInViewport();
});

test('rows that come in above move nothing that is looked at', async ({ page, emptyHub, service, at }) => {
  await makeFleet(service, 600);
  await page.goto(at('devices'));
  await scrollTo(page, 300);
  const link = page.getByRole('link', { name: 'pump-000305' });
  await expect(link).toBeInViewport();
  await link.focus();
  const before = (await link.boundingBox()).y;
  await makeFleet(service, 3, 'first-');
  await expect(row(page, 'pump-000305')).toHaveAttribute('aria-rowindex', String(305 + 3 + 2));
  expect(Math.abs((await link.boundingBox()).y - before)).toBeLessThan(2);
  await expect(link, 'the focus stays too').toBeFocused();

  await service.deleteDevice('pump-000306');
  await expect(page.getByRole('link', { name: 'pump-000306' })).toHaveCount(0);
  await expect(row(page, 'pump-000307')).toHaveAttribute('aria-rowindex', String(306 + 3 + 2));

  // Keys go on where one looks when the row with the focus is scrolled away.
  await scrollTo(page, 100);
  await expect(page.getByRole('link', { name: 'pump-000100' })).toBeInViewport();
  await expect(grid(page)).toBeFocused();
  await page.keyboard.press('j');
  const focused = await page.evaluate(() => document.activeElement.textContent);
  expect(focused).toMatch(/^pump-00009[5-9]$|^pump-00010\d$/);
  await page.keyboard.press('ArrowDown');
  expect(await page.evaluate(() => document.activeElement.textContent)).not.toBe(focused);
});

test('the list goes by any column, forwards and backwards', async ({ page, emptyHub, service, makeDevice, at }) => {
  await makeFleet(service, 150);
  for (const [id, level] of [['lift-a', 3], ['lift-b', 12], ['lift-c', 1]]) {
    await makeDevice(id);
    await service.patchTwin(id, { tags: { level } });
  }
  const names = page.getByRole('rowheader').getByRole('link');
  await page.goto(at('devices?columns=tags.level&condition=IS_DEFINED(tags.level)'));
  await expect(names).toHaveText(['lift-a', 'lift-b', 'lift-c']);
  const head = page.getByRole('columnheader', { name: 'tags.level' });
  await head.getByRole('button').click();
  await expect(head).toHaveAttribute('aria-sort', 'ascending');
  await expect(names).toHaveText(['lift-c', 'lift-a', 'lift-b']);
  await head.getByRole('button').click();
  await expect(head).toHaveAttribute('aria-sort', 'descending');
  await expect(names).toHaveText(['lift-b', 'lift-a', 'lift-c']);
  await expect(page).toHaveURL(/order=-tags\.level/);
  await picture(page, 'devices-order');
  await expectAccessible(page, 'list in an order of its own');

  // The link shows the same; a change comes in by itself, at its new place.
  await page.reload();
  await expect(names).toHaveText(['lift-b', 'lift-a', 'lift-c']);
  await service.patchTwin('lift-c', { tags: { level: 40 } });
  await expect(names).toHaveText(['lift-c', 'lift-b', 'lift-a']);
  await head.getByRole('button').click();
  await expect(head).not.toHaveAttribute('aria-sort');
  await expect(names).toHaveText(['lift-a', 'lift-b', 'lift-c']);

  // A longer one is read as one goes down in it.
  await page.goto(at('devices?order=-status'));
  await expect(grid(page)).toHaveAttribute('aria-rowcount', '154');
  await scrollTo(page, 140);
  await expect(row(page, 'pump-000149')).toHaveAttribute('aria-rowindex', '154');
});

test('devices are picked one by one, by the page or all together, and a job gets exactly these', async ({ page, emptyHub, service, at }) => {
  await makeFleet(service, 250);
  await page.goto(at('devices'));
  const bar = page.getByRole('region', { name: 'Picked devices' });
  await expect(row(page, 'pump-000000')).toHaveAttribute('aria-selected', 'false');
  await expect(bar).toHaveCount(0);
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await expect(row(page, 'pump-000000')).toHaveAttribute('aria-selected', 'true');
  await row(page, 'pump-000002').locator('.pick').click();
  await expect(bar).toContainText('2 devices picked');
  await picture(page, 'devices-picked');
  await expectAccessible(page, 'picked devices');

  await test.step('only these, and back', async () => {
    await bar.getByRole('button', { name: 'Show only these' }).click();
    await expect(page.getByRole('rowheader').getByRole('link')).toHaveText(['pump-000000', 'pump-000002']);
    await expect(page.getByLabel('The filter as a condition of the query language')).toHaveValue('deviceId IN [\'pump-000000\', \'pump-000002\']');
    await expect(bar, 'another list, other devices').toHaveCount(0);
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await expect(row(page, 'pump-000001')).toBeVisible();
  });

  await test.step('all that match but one become the target of a job', async () => {
    await page.getByLabel('Filter by device id').fill('pump-00001');
    await expect(page.getByRole('status').filter({ hasText: '10 devices match' })).toBeVisible();
    await row(page, 'pump-000010').locator('.pick').click();
    await bar.getByRole('button', { name: 'Pick all 10 that match' }).click();
    await expect(bar).toContainText('10 devices picked');
    await row(page, 'pump-000013').locator('.pick').click();
    await expect(bar).toContainText('9 devices picked');
    await bar.getByRole('button', { name: 'Schedule a job' }).click();
    await expect(page).toHaveURL(/schedule\?condition=/);
    await expect(page.getByRole('listitem').filter({ hasText: /^9\s*devices match/ })).toBeVisible();
  });
});

test('the filter bar and its text say the same, whichever one writes', async ({ page, emptyHub, service, at }) => {
  await makeFleet(service, 30);
  await service.patchTwin('pump-000003', { tags: { hall: 'north' } });
  await page.goto(at('devices'));
  const text = page.getByLabel('The filter as a condition of the query language');
  await expect(text).toHaveValue('');
  await page.getByLabel('Status', { exact: true }).selectOption('enabled');
  await expect(text).toHaveValue('status = \'enabled\'');
  await text.fill('tags.hall = \'north\' AND connectionState = \'Disconnected\'');
  await text.press('Enter');
  await expect(page.getByRole('rowheader').getByRole('link')).toHaveText(['pump-000003']);
  await expect(page.getByLabel('Connection', { exact: true })).toHaveValue('disconnected');
  await expect(page.getByLabel('Status', { exact: true })).toHaveValue('');
  await expect(page).toHaveURL(/condition=tags\.hall/);
  await page.getByRole('link', { name: 'Open as query' }).click();
  await expect(page.getByRole('heading', { name: 'Query', level: 1 })).toBeVisible();
  await expect(page.getByRole('gridcell', { name: 'pump-000003' }).or(page.getByRole('cell', { name: 'pump-000003' })).first()).toBeVisible();
});

test('a condition that is wrong is answered in words, and nothing is lost', async ({ page, watch, emptyHub, service, at }) => {
  await makeFleet(service, 3);
  watch.allowAnswer(400, /\/devices\/query$/);
  await page.goto(at('devices'));
  const text = page.getByLabel('The filter as a condition of the query language');
  await text.fill('tags.hall = ');
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'column' }).first()).toBeVisible();
  await expect(text).toHaveValue('tags.hall =');
  await text.fill('deviceId = \'pump-000001\'');
  await text.press('Enter');
  await expect(page.getByRole('rowheader').getByRole('link')).toHaveText(['pump-000001']);
});

test('columns are chosen from tags and properties and stand in the address', async ({ page, emptyHub, service, makeDevice, at }) => {
  await makeFleet(service, 120);
  const device = await makeDevice('alpha-1');
  await device.connect();
  await device.report({ firmware: { version: '2.1.0' } });
  await page.goto(at('devices'));
  await page.getByRole('button', { name: 'Columns' }).click();
  const dialog = page.getByRole('dialog', { name: 'Columns of the list' });
  await dialog.getByLabel('Waiting messages').uncheck();
  const path = dialog.getByLabel('Path', { exact: true });
  await expect(dialog.locator('datalist option[value="tags.line.number"]')).toHaveCount(1);
  await expect(dialog.locator('datalist option[value="properties.reported.firmware.version"]')).toHaveCount(1);
  await path.fill('not a path');
  await dialog.getByRole('button', { name: 'Add column' }).click();
  await expect(dialog.getByText('A path begins with')).toBeVisible();
  await path.fill('tags.site');
  await path.press('Enter');
  await path.fill('properties.reported.firmware.version');
  await dialog.getByRole('button', { name: 'Add column' }).click();
  await expect(dialog.getByRole('button', { name: 'Remove tags.site' })).toBeVisible();
  await picture(page, 'devices-columns');
  await expectAccessible(page, 'columns');
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(page).toHaveURL((url) => url.searchParams.get('columns') === 'connectionState,status,lastActivityTime,tags,tags.site,properties.reported.firmware.version');
  await expect(grid(page).getByRole('columnheader', { name: 'tags.site' })).toBeVisible();
  await expect(grid(page).getByRole('columnheader', { name: 'Waiting messages' })).toHaveCount(0);
  await expect(row(page, 'alpha-1')).toContainText('2.1.0');
  await expect(row(page, 'pump-000001')).toContainText('busan');
  await picture(page, 'devices-with-columns');
  await expectAccessible(page, 'list with columns');

  // Far down such a list too, and together with a filter.
  await scrollTo(page, 110);
  await expect(row(page, 'pump-000119')).toBeVisible();
  await page.getByLabel('Filter by device id').fill('alpha');
  await expect(page.getByRole('link', { name: 'pump-000119' })).toHaveCount(0);
  await expect(row(page, 'alpha-1')).toContainText('2.1.0');
});

test('views are saved, opened, shared and removed', async ({ page, emptyHub, makeDevice, at }) => {
  await makeDevice('alpha-1');
  await makeDevice('beta-1');
  await page.goto(at('devices?search=beta&columns=status%2Ctags.site'));
  await page.getByRole('button', { name: 'Views' }).click();
  const dialog = page.getByRole('dialog', { name: 'Saved views' });
  await expect(dialog.getByText('No view is saved yet.')).toBeVisible();
  await dialog.getByLabel('Name of this view').fill('Betas');
  await page.keyboard.press('Enter');
  const view = dialog.getByRole('link', { name: 'Betas' });
  await expect(view).toBeVisible();
  await picture(page, 'devices-views');
  await expectAccessible(page, 'views');
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await dialog.getByRole('button', { name: 'Copy link to Betas' }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(at('devices?search=beta&columns=status%2Ctags.site'));
  await page.keyboard.press('Escape');

  await page.goto(at('devices'));
  await expect(page.getByRole('link', { name: 'alpha-1' })).toBeVisible();
  await page.getByRole('button', { name: 'Views' }).click();
  await view.click();
  await expect(page).toHaveURL(at('devices?search=beta&columns=status%2Ctags.site'));
  await expect(page.getByRole('link', { name: 'alpha-1' })).toHaveCount(0);
  await expect(page.getByRole('columnheader', { name: 'tags.site' })).toBeVisible();
  await page.getByRole('button', { name: 'Views' }).click();
  await dialog.getByRole('button', { name: 'Remove Betas' }).click();
  await expect(view).toHaveCount(0);
});

test('the whole list is saved as a file, and saving can be stopped', async ({ page, emptyHub, service, at }) => {
  await makeFleet(service, 350);
  await page.goto(at('devices?columns=status%2Ctags.site'));
  const open = page.getByRole('button', { name: 'Export' });
  await open.click();
  const dialog = page.getByRole('dialog', { name: 'Export the list' });
  await expect(dialog.getByText('350 devices')).toBeVisible();
  await picture(page, 'devices-export');
  await expectAccessible(page, 'export');
  const save = async () => {
    const download = page.waitForEvent('download');
    await dialog.getByRole('button', { name: 'Save file' }).click();
    return readFileSync(await (await download).path(), 'utf8');
  };
  const table = (await save()).trimEnd().split('\r\n');
  expect(table.length).toBe(351);
  expect(table[0]).toBe('deviceId,status,tags.site');
  expect(table[350]).toBe('pump-000349,enabled,turku');
  await expect(dialog).toBeHidden();
  await open.click();
  await dialog.getByLabel('Format').selectOption('ndjson');
  const documents = (await save()).trimEnd().split('\n').map((line) => JSON.parse(line));
  expect(new Set(documents.map((one) => one.deviceId)).size).toBe(350);
  expect(documents[7].tags.site).toBe('lima');

  // Every page waits to be let through, so there is time to stop.
  let release = () => {};
  await page.route(/\/api\/v1\/devices\?.*cursor=[^&]/, async (route) => {
    await new Promise((resolve) => { release = resolve; });
    await route.continue().catch(() => {});
  });
  await open.click();
  await dialog.getByRole('button', { name: 'Save file' }).click();
  await expect(dialog.getByText('100 of 350 read')).toBeVisible();
  await picture(page, 'devices-exporting');
  await dialog.getByRole('button', { name: 'Stop' }).click();
  await expect(dialog.getByText('100 of 350 read')).toHaveCount(0);
  await page.unroute(/\/api\/v1\/devices\?.*cursor=[^&]/);
  release();
  await expect(dialog.getByRole('button', { name: 'Save file' })).toBeEnabled();
});

test('in Korean and in the dark too', async ({ page, emptyHub, service, at }) => {
  await makeFleet(service, 60);
  await page.goto(at('devices?columns=connectionState%2Ctags.site%2Ctags.floor'));
  await korean(page);
  await dark(page);
  await expect(row(page, 'pump-000003')).toBeVisible();
  await expectKorean(page, 'list', /\b(Columns|Views|Export|Device|Connection)\b/);
  await picture(page, 'devices-grid-dark-korean');
  for (const name of ['열', '보기', '내보내기']) {
    await page.getByRole('button', { name, exact: true }).click();
    await expect(page.getByRole('dialog')).toBeVisible();
    await expectAccessible(page, `${name} in Korean and dark`);
    expect.soft((await page.getByRole('dialog').innerText()).match(/\b(Columns|View|Export|Path|Format|Save|Done)\b/)).toBeNull();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toHaveCount(0);
  }
});
