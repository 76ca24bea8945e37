// Loading, no match, errors with a way out, paging, keyboard, and addresses that can be shared.
import { expect, expectAccessible, picture, test } from './fixtures.mjs';
import { makeFleet } from './fleet.mjs';

const LIST = /\/api\/v1\/devices(\?|$)/;

test('loading shows a skeleton, then the data', async ({ page, emptyHub, makeDevice, at }) => {
  await makeDevice('loaded-1');
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  await page.route(LIST, async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(at('devices'));
  await expect(page.getByRole('status').filter({ hasText: 'Loading' }).first()).toBeVisible();
  await picture(page, 'devices-loading');
  await expectAccessible(page, 'loading list');
  release();
  await expect(page.getByRole('link', { name: 'loaded-1' })).toBeVisible();
  await expect(page.getByRole('status').filter({ hasText: 'Loading' })).toHaveCount(0);
});

test('an error shows the hub’s words, its tracking id and a retry that works', async ({ page, emptyHub, makeDevice, at, watch }) => {
  await makeDevice('retried-1');
  watch.allowAnswer(500, LIST);
  await page.route(LIST, (route) => route.fulfill({
    status: 500,
    contentType: 'application/json; charset=utf-8',
    headers: { 'iothub-errorcode': 'ServerError' },
    body: JSON.stringify({
      Message: 'ErrorCode:ServerError;The shard is on fire',
      ExceptionMessage: 'Tracking ID:0123456789abcdef0123456789abcdef-G:0-TimeStamp:01/02/2026 03:04:05',
    }),
  }));
  await page.goto(at('devices'));
  const alert = page.getByRole('alert').filter({ hasText: 'This could not be loaded' });
  await expect(alert).toContainText('The shard is on fire');
  await expect(alert).toContainText('0123456789abcdef0123456789abcdef');
  await picture(page, 'devices-error');
  await expectAccessible(page, 'list with an error');
  // Nothing repeats by itself while the tab is hidden: it is the button that brings the list.
  await page.evaluate(() => Object.defineProperty(document, 'hidden', { configurable: true, value: true }));
  await page.unroute(LIST);
  await alert.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('link', { name: 'retried-1' })).toBeVisible();
});

test('a filter without a match says so and can be cleared', async ({ page, emptyHub, makeDevice, at }) => {
  await makeDevice('alpha-1');
  await makeDevice('beta-1');
  await page.goto(at('devices'));
  await page.getByLabel('Filter by device id').fill('beta');
  await expect(page.getByRole('link', { name: 'beta-1' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'alpha-1' })).toBeHidden();
  await expect(page, 'a colleague can open the same view').toHaveURL(/beta/);
  await page.reload();
  await expect(page.getByLabel('Filter by device id')).toHaveValue('beta');
  await expect(page.getByRole('link', { name: 'alpha-1' })).toBeHidden();
  await page.getByLabel('Filter by device id').fill('nobody');
  await expect(page.getByRole('heading', { name: 'No device matches' })).toBeVisible();
  await expectAccessible(page, 'list without a match');
  await page.getByRole('button', { name: 'Clear filters' }).last().click();
  await expect(page.getByRole('link', { name: 'alpha-1' })).toBeVisible();
});

test('filters by status and connection', async ({ page, emptyHub, makeDevice, service, at }) => {
  const live = await makeDevice('online-1');
  await live.connect();
  const off = await makeDevice('disabled-1');
  await service.request('PUT', '/devices/disabled-1', { ...(await service.device(off.id)), status: 'disabled' }, { 'If-Match': '*' });
  await page.goto(at('devices'));
  const filters = page.getByRole('main');
  await filters.getByLabel('Status').selectOption({ label: 'Disabled' });
  await expect(page, 'the address stays the list’s own').toHaveURL(at('devices?status=disabled'));
  await expect(page.getByRole('link', { name: 'disabled-1' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'online-1' })).toBeHidden();
  await filters.getByLabel('Status').selectOption({ label: 'Any' });
  await filters.getByLabel('Connection').selectOption({ label: 'Connected' });
  await expect(page).toHaveURL(at('devices?connection=connected'));
  await expect(page.getByRole('link', { name: 'online-1' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'disabled-1' })).toBeHidden();

  // The top bar finds from every screen.
  await page.goto(at(''));
  await page.getByLabel('Find a device by its id').fill('disabled-');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(at('devices?search=disabled-'));
  await expect(page.getByRole('link', { name: 'disabled-1' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'online-1' })).toBeHidden();
});

test('rows come from the server as one scrolls and the keyboard moves in them', async ({ page, emptyHub, service, at }) => {
  await makeFleet(service, 400, 'row-');
  const pages = [];
  page.on('request', (request) => { if (LIST.test(request.url())) pages.push(request.url()); });
  await page.goto(at('devices'));
  await expect(page.getByRole('link', { name: 'row-000000' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'row-000399' })).toHaveCount(0);
  const grid = page.getByRole('grid', { name: 'Devices' });
  await expect(grid).toHaveAttribute('aria-rowcount', '401');
  await grid.focus();
  const before = pages.length;
  await page.keyboard.press('End');
  await expect(page.getByRole('link', { name: 'row-000399' })).toBeVisible();
  expect(pages.length, 'the last rows were asked for').toBeGreaterThan(before);
  await expect(page.getByRole('link', { name: 'row-000000' })).toHaveCount(0);
  await expect(page).toHaveURL((url) => url.pathname === '/console/devices' && Number(url.searchParams.get('row')) > 300);
  await page.reload();
  await expect(page.getByRole('link', { name: 'row-000399' }), 'the address keeps the place').toBeVisible();
  await grid.focus();
  await page.keyboard.press('Home');
  await expect(page.getByRole('link', { name: 'row-000000' })).toBeVisible();
  await expect(page).toHaveURL(at('devices'));

  await page.keyboard.press('/');
  await expect(page.getByLabel('Filter by device id')).toBeFocused();
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { name: 'Devices', level: 1 }).click();
  await page.keyboard.press('j');
  await expect(page.getByRole('link', { name: 'row-000000' })).toBeFocused();
  await page.keyboard.press('j');
  await page.keyboard.press('k');
  await expect(page.getByRole('link', { name: 'row-000000' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/console\/devices\/row-000000$/);
});

test('a dialog keeps the focus and gives it back', async ({ page, emptyHub, makeDevice, at }) => {
  await makeDevice('focus-1');
  await page.goto(at('devices'));
  const opener = page.getByRole('button', { name: 'Add device' }).first();
  await opener.click();
  const dialog = page.getByRole('dialog', { name: 'Add a device' });
  await expect(dialog).toBeVisible();
  await expect(page, 'the open dialog has an address').toHaveURL(at('devices?create=1'));
  for (let step = 0; step < 12; step += 1) {
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement === document.body || document.activeElement?.closest('dialog') !== null)).toBe(true);
  }
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(opener).toBeFocused();
  await expect(page).toHaveURL(at('devices'));
});

test('a device that is not there', async ({ page, emptyHub, at, watch }) => {
  watch.allowAnswer(404, /^\/(devices|api\/v1\/devices)\/nobody(\/|$)/);
  await page.goto(at('devices/nobody'));
  await expect(page.getByRole('heading', { name: 'There is no device “nobody”' }).first()).toBeVisible();
  await expectAccessible(page, 'missing device');
  await page.getByRole('link', { name: 'To the device list' }).click();
  await expect(page.getByRole('heading', { name: 'No device yet' })).toBeVisible();
});

test('an address that leads nowhere', async ({ page, at }) => {
  await page.goto(at('no/such/page'));
  await expect(page.getByRole('heading', { name: 'There is no such page', level: 1 })).toBeVisible();
  await expectAccessible(page, 'missing page');
  await page.getByRole('link', { name: 'To the overview' }).click();
  await expect(page.getByRole('heading', { name: 'Fleet overview' })).toBeVisible();
});

test('ids with reserved characters have addresses too', async ({ page, emptyHub, makeDevice, at }) => {
  const id = "a%2#b?c=d@$'(1)";
  await makeDevice(id);
  await page.goto(at('devices'));
  await page.getByRole('link', { name: id }).click();
  await expect(page.getByRole('heading', { name: id })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('heading', { name: id })).toBeVisible();
});

test('a method to an offline device explains itself', async ({ page, emptyHub, makeDevice, at, watch }) => {
  await makeDevice('asleep-1');
  watch.allowAnswer(404, /^\/twins\/asleep-1\/methods$/);
  await page.goto(at('devices/asleep-1/methods'));
  await page.getByLabel('Method name').fill('reboot');
  await page.getByRole('button', { name: 'Call method' }).click();
  await expect(page.getByText('The device is not connected, or does not listen for methods.').first()).toBeVisible();
});

test('purging the queue asks first and counts', async ({ page, emptyHub, makeDevice, service, at }) => {
  await makeDevice('purged-1');
  for (const body of ['a', 'b']) await service.request('POST', '/devices/purged-1/messages/deviceBound', body);
  await page.goto(at('devices/purged-1/messages'));
  await expect(page.getByText('2 messages').first()).toBeVisible();
  await page.getByRole('button', { name: 'Purge queue' }).click();
  const dialog = page.getByRole('dialog', { name: 'Purge the queue of purged-1?' });
  await expect(dialog).toContainText('2 messages');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  expect((await service.device('purged-1')).cloudToDeviceMessageCount).toBe(2);
  await page.getByRole('button', { name: 'Purge queue' }).click();
  await dialog.getByRole('button', { name: 'Purge queue' }).click();
  await expect(page.getByText('2 messages purged')).toBeVisible();
  expect((await service.device('purged-1')).cloudToDeviceMessageCount).toBe(0);
});

test('the editor’s colours stay under the typed text', async ({ page, emptyHub, makeDevice, at }) => {
  await makeDevice('colours-1');
  await page.goto(at('devices/colours-1/twin'));
  const editor = page.getByLabel('Edit desired properties as JSON');
  const colours = page.locator('.editor .ink');
  const text = `{\n  "name": "${'long '.repeat(80)}",\n  "count": 3,\n  "open": tru\n}\n`;
  await editor.fill(text);
  expect((await colours.textContent()).startsWith(text), 'unfinished JSON keeps every character').toBe(true);
  await expect(colours.locator('.j-k')).toHaveText(['"name"', '"count"', '"open"']);
  const metrics = (element) => {
    const { font, lineHeight, paddingLeft, paddingTop, letterSpacing, tabSize } = getComputedStyle(element);
    const { x, y } = element.getBoundingClientRect();
    return { font, lineHeight, paddingLeft, paddingTop, letterSpacing, tabSize, x, y };
  };
  expect(await colours.evaluate(metrics)).toEqual(await editor.evaluate(metrics));
  await editor.evaluate((element) => { element.scrollLeft = 400; });
  await expect.poll(() => colours.evaluate((element) => element.scrollLeft)).toBe(400);
});
