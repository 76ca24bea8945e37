// Tiles of current issues (device-management.md §10, R24): made, followed as they change, ordered, deleted.
import { expect, expectAccessible, picture, test } from './fixtures.mjs';
import { dark, expectKorean, korean } from './languages.mjs';

const STREAM = '**/api/v1/query/stream';
const ENGLISH_WORDS = /\b(Current issues|Error|Warning|Info|Live|longest|Add|Edit|Delete|devices|No device|Name|Condition|Severity|Save|Cancel)\b/;

const section = (page) => page.getByRole('region', { name: /^(Current issues|현재 문제)$/ });
const tile = (page, id) => section(page).getByRole('article', { name: id, exact: true });
const order = (page) => section(page).getByRole('article').getByRole('heading', { level: 3 });

const saveGroup = (service, id, severity, condition, description) => service.request('PUT', `/api/v1/groups/${id}`, { condition, severity, description });

async function deleteGroups(service) {
  for (const { id } of (await service.request('GET', '/api/v1/groups')).items) await service.request('DELETE', `/api/v1/groups/${id}`);
}

/** What comes next must come without a reload. */
async function mark(page) {
  await page.evaluate(() => { window.neverReloaded = true; });
  return async () => expect(await page.evaluate(() => window.neverReloaded)).toBe(true);
}

test.beforeEach(async ({ emptyHub, service }) => deleteGroups(service));
test.afterEach(async ({ service }) => deleteGroups(service));

test('without a tile, suggestions explain what one is and are added with one press', async ({ page, makeDevice, at }) => {
  await makeDevice('suggested-1');
  await page.goto(at(''));
  await expect(section(page)).toContainText('A tile is a saved query.');
  await picture(page, 'tiles-empty');
  await expectAccessible(page, 'no tiles');
  for (const id of ['firmware-failed', 'battery-low', 'not-connected']) {
    await section(page).getByRole('button', { name: `Add the tile ${id}` }).click();
    await expect(tile(page, id)).toContainText('Live');
    await expect(section(page)).not.toContainText('A tile is a saved query.');
    const away = id === 'not-connected';
    await expect(tile(page, id)).toContainText(away ? /1\s*device/ : 'No device');
    // It was never connected, so nobody knows since when.
    if (away) await expect(tile(page, id).getByRole('listitem').filter({ hasText: 'suggested-1' })).toContainText('time not known');
    await expect(section(page).getByRole('status').first()).toHaveText(away ? '1 issue' : 'No issues right now');
    await section(page).getByRole('button', { name: `Delete the tile ${id}` }).click();
    const question = page.getByRole('dialog', { name: `Delete the tile ${id}?` });
    await expect(question).toContainText('Devices stay as they are');
    await question.getByRole('button', { name: 'Delete' }).click();
    await expect(tile(page, id)).toHaveCount(0);
  }
  await expect(section(page)).toContainText('A tile is a saved query.');
});

test('r24: a device enters the state and leaves it, and the tile changes by itself', async ({ page, makeDevice, service, at, watch }) => {
  test.setTimeout(180_000);
  watch.allowAnswer(400, /^\/devices\/query$/);
  watch.allowAnswer(412, /^\/api\/v1\/groups\/b-older$/);
  const [first, second, third] = [await makeDevice('tile-pump-1'), await makeDevice('tile-pump-2'), await makeDevice('tile-pump-3')];
  for (const device of [first, second, third]) await device.connect();
  await page.goto(at(''));
  const unchanged = await mark(page);
  const hot = tile(page, 'too-hot');

  await test.step('it is made in the dialog, and its condition is counted first', async () => {
    await section(page).getByRole('button', { name: 'Add tile' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add a tile' });
    await expect(dialog.getByLabel('Name')).toBeFocused();
    const save = dialog.getByRole('button', { name: 'Save' });
    await expect(save).toHaveAttribute('aria-disabled', 'true');
    await dialog.getByLabel('Name').fill('too hot');
    await expect(dialog).toContainText('Only letters, digits');
    await dialog.getByLabel('Name').fill('too-hot');
    await dialog.getByLabel('Severity').selectOption({ label: 'Error' });
    await dialog.getByLabel('Condition').fill('connectionState = \'Connected\'\nAND properties.reported.t >');
    await expect(dialog).toContainText('Line 2, column 28: ');
    await expect(save).toHaveAttribute('aria-disabled', 'true');
    await picture(page, 'tiles-dialog-fault');
    await expectAccessible(page, 'a tile with a faulty condition');
    await dialog.getByLabel('Condition').fill('deviceId != \'nobody\'');
    await expect(dialog).toContainText('3 devices fulfil this now');
    await dialog.getByLabel('Condition').fill('properties.reported.t > 70');
    await expect(dialog).toContainText('0 devices fulfil this now');
    await dialog.getByLabel('Description').fill('Above 70 °C: close the valve');
    await picture(page, 'tiles-dialog');
    await save.click();
    await expect(dialog).toBeHidden();
    await expect(hot).toContainText('No device');
    await expect(hot).toContainText('Live');
    await expect(section(page).getByRole('status').first()).toHaveText('No issues right now');
  });

  await test.step('a device enters: count and list change within about a second', async () => {
    await first.report({ t: 90 });
    const reported = Date.now();
    await expect(hot.getByRole('link', { name: 'tile-pump-1' })).toBeVisible();
    const waited = Date.now() - reported;
    expect(waited, `shown after ${waited} ms`).toBeLessThan(2_000);
    await expect(hot).toContainText(/1\s*device/);
    await expect(section(page).getByRole('status').first()).toHaveText('1 issue');
    await second.report({ t: 95 });
    await expect(hot).toContainText(/2\s*devices/);
    await expect(hot.getByRole('list').getByRole('link'), 'the one that is in it longest comes first').toHaveText(['tile-pump-1', 'tile-pump-2']);
    await unchanged();
  });

  await test.step('severity comes before age, and age before name', async () => {
    await third.report({ older: 1, other: 1 });
    const stored = async () => (await service.twin('tile-pump-3')).properties.reported;
    await expect.poll(async () => (await stored()).older).toBe(1);
    await third.report({ younger: 1 });
    await expect.poll(async () => (await stored()).younger).toBe(1);
    await saveGroup(service, 'a-younger', 'warning', 'properties.reported.younger = 1', 'Reported second');
    await saveGroup(service, 'b-older', 'warning', 'properties.reported.older = 1', 'Reported first');
    await saveGroup(service, 'a-note', 'info', 'properties.reported.other = 1');
    await saveGroup(service, 'a-nobody', 'error', 'properties.reported.nothing = 1');
    await saveGroup(service, 'plain', undefined, 'true');
    await expect(order(page)).toHaveText(['too-hot', 'b-older', 'a-younger', 'a-note', 'a-nobody']);
    await expect(section(page).getByRole('status').first()).toHaveText('4 issues');
    for (const id of ['too-hot', 'b-older', 'a-younger', 'a-nobody']) await expect(tile(page, id)).toContainText('Live');
    await unchanged();
    await picture(page, 'tiles');
    await expectAccessible(page, 'tiles');
  });

  await test.step('in the dark, and in Korean', async () => {
    await dark(page);
    await picture(page, 'dark-tiles');
    await expectAccessible(page, 'tiles in the dark');
    await korean(page);
    await expect(tile(page, 'too-hot')).toContainText('오류');
    await picture(page, 'dark-korean-tiles');
    await expect(section(page)).not.toContainText(ENGLISH_WORDS);
    await expectKorean(page, 'tiles', /\b(Current issues|Warning|Live|longest|Edit|Delete)\b/);
    await section(page).getByRole('button', { name: '타일 추가' }).click();
    await expect(page.getByRole('dialog')).not.toContainText(/\b(Name|Severity|Condition|Description|Save|Cancel)\b/);
    await picture(page, 'dark-korean-tiles-dialog');
    await expectAccessible(page, 'a new tile in Korean');
    await page.keyboard.press('Escape');
    await page.getByLabel('표시 설정').click();
    await page.getByRole('button', { name: 'English' }).click();
    await page.keyboard.press('Escape');
  });

  await test.step('a device leaves: the count falls, and who is left alone comes last', async () => {
    await first.report({ t: 20 });
    await expect(hot).toContainText(/1\s*device/);
    await expect(hot.getByRole('link', { name: 'tile-pump-1' })).toHaveCount(0);
    await second.report({ t: 20 });
    await expect(hot).toContainText('No device');
    await expect(order(page)).toHaveText(['b-older', 'a-younger', 'a-note', 'a-nobody', 'too-hot']);
    await unchanged();
  });

  await test.step('a tile is changed', async () => {
    await section(page).getByRole('button', { name: 'Edit the tile b-older' }).click();
    const dialog = page.getByRole('dialog', { name: 'Edit b-older' });
    await expect(dialog.getByLabel('Condition')).toHaveValue('properties.reported.older = 1');
    await expect(dialog).toContainText('1 device fulfils this now');
    await dialog.getByLabel('Severity').selectOption({ label: 'Info' });
    // Somebody else is faster.
    await saveGroup(service, 'b-older', 'warning', 'properties.reported.older = 1', 'Changed meanwhile');
    const refused = page.waitForResponse((answer) => answer.status() === 412);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await refused;
    await expect(dialog).toContainText('Somebody else changed this tile meanwhile.');
    await page.keyboard.press('Escape');
    await expect(tile(page, 'b-older')).toContainText('Changed meanwhile');
    await section(page).getByRole('button', { name: 'Edit the tile b-older' }).click();
    await dialog.getByLabel('Severity').selectOption({ label: 'Info' });
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect(order(page)).toHaveText(['a-younger', 'a-note', 'b-older', 'a-nobody', 'too-hot']);
    await unchanged();
  });
});

test('all devices of a tile are a list that can be sent to a colleague', async ({ page, makeDevice, service, at }) => {
  for (const id of ['listed-1', 'listed-2', 'other-1']) await makeDevice(id);
  for (const id of ['listed-1', 'listed-2']) await service.patchTwin(id, { tags: { site: 'oslo & bergen' } });
  await saveGroup(service, 'in-oslo', 'info', 'tags.site = \'oslo & bergen\' -- two towns');
  await page.goto(at(''));
  await tile(page, 'in-oslo').getByRole('link', { name: 'All 2 devices' }).click();
  await expect(page.getByRole('status').filter({ hasText: '2 devices match' })).toBeVisible();
  await expect(page.getByRole('link', { name: /^(listed|other)-/ })).toHaveText(['listed-1', 'listed-2']);
  await expect(page.getByLabel('The filter as a condition of the query language')).toHaveValue(/tags\.site/);
  await expectAccessible(page, 'devices of a tile');
  await picture(page, 'devices-condition');
  await page.reload();
  await page.getByLabel('Filter by device id').fill('LISTED-2');
  await expect(page.getByRole('link', { name: 'listed-1' })).toHaveCount(0);
  await expect(page.getByRole('link', { name: 'listed-2' })).toBeVisible();
  await page.getByLabel('Filter by device id').fill('');
  await page.getByLabel('The filter as a condition of the query language').fill('');
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect(page.getByRole('link', { name: 'other-1' })).toBeVisible();
});

test('a tile that is not live says so, and comes back by itself', async ({ page, makeDevice, service, at, watch }) => {
  const device = await makeDevice('lost-1');
  await device.connect();
  await saveGroup(service, 'hot', 'error', 'properties.reported.t > 70');
  let cut = false;
  const streams = [];
  await page.route(STREAM, (route) => {
    streams.push(route.request());
    return cut ? route.abort() : route.continue();
  });
  await page.goto(at(''));
  await expect(tile(page, 'hot')).toContainText('Live');
  await device.report({ t: 80 });
  await expect(tile(page, 'hot')).toContainText(/1\s*device/);

  // Whoever leaves the page leaves no stream behind.
  const ended = page.waitForEvent('requestfailed', (request) => request === streams.at(-1));
  await page.getByRole('navigation').getByRole('link', { name: 'Devices' }).click();
  await ended;

  watch.allowFailures('net::ERR_FAILED');
  cut = true;
  await page.getByRole('navigation').getByRole('link', { name: 'Overview' }).click();
  await expect(tile(page, 'hot')).toContainText('Not live');
  await picture(page, 'tiles-lost');
  await expectAccessible(page, 'a tile that is not live');
  cut = false;
  await expect(tile(page, 'hot')).toContainText('Live');
  await expect(tile(page, 'hot')).toContainText(/1\s*device/);
});

test('a tab that is hidden for long lets go of its connections', async ({ page, makeDevice, service, at }) => {
  const device = await makeDevice('hidden-1');
  await device.connect();
  await saveGroup(service, 'hot', 'error', 'properties.reported.t > 70');
  await page.clock.install();
  const streams = [];
  page.on('request', (request) => { if (request.url().endsWith('/query/stream')) streams.push(request); });
  const show = (hidden) => page.evaluate((value) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => value });
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
  }, hidden);
  await page.goto(at(''));
  await expect(tile(page, 'hot')).toContainText('Live');
  const ended = page.waitForEvent('requestfailed', (request) => request === streams[0]);
  await show(true);
  await page.clock.runFor(20_000);
  await device.report({ t: 80 });
  await expect(tile(page, 'hot'), 'a short look elsewhere changes nothing').toContainText(/1\s*device/);
  await page.clock.runFor(15_000);
  await ended;
  await expect(tile(page, 'hot')).toContainText('Not live');
  await device.report({ t: 20 });
  await show(false);
  await expect(tile(page, 'hot')).toContainText('No device');
  await expect(tile(page, 'hot')).toContainText('Live');
  expect(streams.length).toBe(2);
});

test('what cannot be followed is counted, and what may not be seen says why', async ({ page, makeDevice, service, at, watch }) => {
  await makeDevice('large-1');
  await saveGroup(service, 'huge', 'warning', 'status = \'enabled\'');
  watch.allowAnswer(400, /\/query\/stream$/);
  watch.allowAnswer(403, /\/query\/stream$/);
  await page.route(STREAM, (route) => route.fulfill({
    status: 400, json: { Message: 'ErrorCode:ArgumentInvalid;The result has 12345 rows, and at most 10000 can be watched; narrow the condition.' },
  }));
  const answer = (route) => route.fulfill({ json: [{ deviceId: 'large-1' }], headers: { 'x-ms-continuation': 'more' } });
  await page.route(/\/devices\/query\?/, (route) => (route.request().postDataJSON().query.includes('COUNT()') ? route.continue() : answer(route)));
  await page.route('**/api/v1/groups/huge', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), count: 12_345 } });
  });
  await page.goto(at(''));
  await expect(tile(page, 'huge')).toContainText(/12,345\s*devices/);
  await expect(tile(page, 'huge')).toContainText('Too many devices to list by age.');
  await expect(tile(page, 'huge').getByRole('link', { name: 'All 12,345 devices' })).toBeVisible();
  await picture(page, 'tiles-too-many');
  await expectAccessible(page, 'a tile with too many devices');

  await page.unroute(STREAM);
  await page.route(STREAM, (route) => route.fulfill({ status: 403, json: { Message: 'ErrorCode:IotHubUnauthorizedAccess;Not for this role' } }));
  await page.reload();
  await expect(tile(page, 'huge')).toContainText('The hub does not show this: ');
  await expectAccessible(page, 'a tile that may not be seen');
});

test('few connections stay open, however many tiles there are, and a role that may not sees why', async ({ page, makeDevice, service, at }) => {
  const device = await makeDevice('many-1');
  await device.connect();
  for (let number = 1; number <= 7; number += 1) await saveGroup(service, `tile-${number}`, number === 7 ? 'error' : 'info', `properties.reported.n >= ${number}`);
  await device.report({ n: 3 });
  const open = new Set();
  page.on('request', (request) => { if (request.url().endsWith('/query/stream')) open.add(request); });
  page.on('requestfailed', (request) => open.delete(request));
  await page.route('**/api/v1/session', (route) => route.fulfill({ json: { name: 'ada', role: 'operator', expiresAt: null } }));
  await page.goto(at(''));
  await expect(order(page)).toHaveText(['tile-1', 'tile-2', 'tile-3', 'tile-7', 'tile-4', 'tile-5', 'tile-6']);
  await expect(section(page).getByText('Live', { exact: true })).toHaveCount(4);
  await expect(section(page).getByText('Every few seconds', { exact: true })).toHaveCount(3);
  expect(open.size).toBe(4);
  await expect(tile(page, 'tile-7'), 'the worst ones are live').toContainText('Live');
  // Those that are only looked at change too.
  await device.report({ n: 7 });
  await expect(order(page)).toHaveText(['tile-7', 'tile-1', 'tile-2', 'tile-3', 'tile-4', 'tile-5', 'tile-6']);
  await expect(section(page).getByRole('status').first()).toHaveText('7 issues');
  for (const name of ['Add tile', 'Edit the tile tile-1', 'Delete the tile tile-1']) {
    await expect(section(page).getByRole('button', { name })).toHaveAttribute('title', 'Your role lacks configurations/write');
  }
  await picture(page, 'tiles-many');
});
