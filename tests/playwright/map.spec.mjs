// The map: points and clusters where devices say they are, the way around with hands and keys, an
// area that becomes a selection, and the table that says the same.
import { expect, expectAccessible, picture, test } from './fixtures.mjs';
import { dark, expectKorean, korean } from './languages.mjs';

const sheet = (page) => page.getByRole('application', { name: /^Map of|의 지도/ });
const table = (page) => page.getByRole('grid', { name: /^(Devices in view|화면에 있는 디바이스)$/ });
const row = (page, id) => table(page).getByRole('row').filter({ has: page.getByRole('link', { name: id, exact: true }) });
const markers = (page) => page.locator('.map-sheet .marker');
/** What is drawn, by its tooltip. */
const marker = (page, words) => markers(page).filter({ has: page.locator('title', { hasText: words }) });

/** Towns on the Norwegian coast. */
const COAST = [
  { id: 'gauge-bergen', lat: 60.3930, lon: 5.3242 },
  { id: 'gauge-floroe', lat: 61.5996, lon: 5.0328 },
  { id: 'gauge-stavanger', lat: 58.9700, lon: 5.7331 },
  { id: 'gauge-trondheim', lat: 63.4305, lon: 10.3951 },
];

/** Devices of which the first reports where it is; the others have it in their tags. */
async function makeCoast(service, makeDevice) {
  const devices = [];
  for (const { id, lat, lon } of COAST) {
    devices.push(await makeDevice(id));
    await service.patchTwin(id, { tags: { country: 'norway', location: { lat, lon } } });
  }
  await devices[0].connect();
  await devices[0].report({ conditions: { location: { lat: COAST[0].lat, lon: COAST[0].lon, accuracyMeters: 12 } } });
  return devices;
}

/** As many devices as one wants, on a grid around a place, with the positions in their tags. */
async function makeMany(service, count, { north, east, apart }) {
  await service.request('PUT', '/api/v1/throttles', { units: 1000 });
  const side = Math.ceil(Math.sqrt(count));
  for (let first = 0; first < count; first += 100) {
    const devices = Array.from({ length: Math.min(100, count - first) }, (_, index) => {
      const number = first + index;
      const location = { lat: north + Math.floor(number / side) * apart, lon: east + (number % side) * apart };
      return { id: `many-${String(number).padStart(5, '0')}`, importMode: 'create', tags: { location } };
    });
    const answer = await service.request('POST', '/devices', devices);
    if (answer.isSuccessful === false) throw new Error(JSON.stringify(answer.errors.slice(0, 2)));
  }
}

/** Draws a shape with the mouse, in shares of the drawing. */
async function draw(page, corners) {
  const { x, y, width, height } = await sheet(page).boundingBox();
  const [first, ...rest] = corners.map(([across, down]) => [x + across * width, y + down * height]);
  await page.mouse.move(...first);
  await page.mouse.down();
  for (const corner of rest) await page.mouse.move(...corner, { steps: 8 });
  await page.mouse.up();
}

const all = [[0.02, 0.02], [0.98, 0.02], [0.98, 0.98], [0.02, 0.98], [0.02, 0.03]];

// Other tests look at the limits.
test.afterAll(async ({ service }) => {
  await service.request('PUT', '/api/v1/throttles', { units: 1 });
});

test('nobody says where he is, until a device does', async ({ page, emptyHub, makeDevice, service, at }) => {
  const device = await makeDevice('gauge-bergen');
  await makeDevice('gauge-silent');
  await page.goto(at(''));
  await expect(page.getByRole('heading', { name: 'Overview', level: 1 })).toBeVisible();
  await page.keyboard.press('g');
  await page.keyboard.press('m');
  await expect(page).toHaveURL(at('map'));
  await expect(page.getByRole('heading', { name: 'No device says where it is' })).toBeVisible();
  await expect(page.getByText('"accuracyMeters": 10')).toBeVisible();
  await picture(page, 'map-empty');
  await expectAccessible(page, 'map without positions');

  await device.connect();
  await device.report({ conditions: { location: { lat: 60.393, lon: 5.3242, accuracyMeters: 12 } } });
  await page.getByRole('button', { name: 'Refresh' }).click();
  await expect(sheet(page)).toHaveAccessibleName(/^Map of 1 devices, 1 of them in view/);
  await expect(row(page, 'gauge-bergen')).toContainText('60.39300° N');
  await expect(page.getByText('Read now')).toBeVisible();

  await test.step('a point says what it is', async () => {
    await marker(page, 'gauge-bergen').click();
    const card = page.getByRole('region', { name: 'Place' });
    await expect(card.getByRole('link', { name: 'gauge-bergen' })).toHaveAttribute('href', /\/devices\/gauge-bergen$/);
    await expect(card).toContainText('Connected');
    await expect(card).toContainText('60.39300° N 5.32420° E, as the device reports, within 12 m');
    await expect(card.getByText('now')).toBeVisible();
    await picture(page, 'map-card');
    await expectAccessible(page, 'map with a card');
    await sheet(page).press('Escape');
    await expect(card).toHaveCount(0);
  });

  await test.step('who has no position is counted, and a link away', async () => {
    await page.getByRole('link', { name: '1 device has no position' }).click();
    await expect(page.getByRole('link', { name: 'gauge-silent' })).toBeVisible();
    await expect(page.getByRole('link', { name: 'gauge-bergen' })).toHaveCount(0);
  });
});

test('hands and keys move the map, and the address keeps where it is', async ({ page, emptyHub, makeDevice, service, at }) => {
  await makeCoast(service, makeDevice);
  await page.goto(at('map'));
  await expect(sheet(page)).toHaveAccessibleName(/^Map of 4 devices, 4 of them in view/);
  await expect(page.locator('.map-land path').first()).toHaveAttribute('d', /^M\d/);
  await expect(table(page)).toHaveAttribute('aria-rowcount', '5');
  await picture(page, 'map');
  await expectAccessible(page, 'map');

  await test.step('keys come nearer, move and go back to everything', async () => {
    await sheet(page).focus();
    for (const key of ['+', '+', '+']) await page.keyboard.press(key);
    await expect(page).toHaveURL(/zoom=/);
    await expect(page.getByRole('status').filter({ hasText: /^[0-3] of 4$/ })).toBeVisible();
    const before = new URL(page.url()).searchParams.get('at').split(',').map(Number);
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => {
      const [north, east] = new URL(page.url()).searchParams.get('at').split(',').map(Number);
      return north > before[0] && east > before[1];
    }).toBe(true);
    await page.keyboard.press('0');
    await expect(table(page)).toHaveAttribute('aria-rowcount', '5');
  });

  await test.step('a drag moves, the wheel comes nearer to where it points', async () => {
    const { x, y, width, height } = await sheet(page).boundingBox();
    const url = page.url();
    await page.mouse.move(x + width / 2, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + width / 2, y - height, { steps: 6 });
    await page.mouse.up();
    await expect(page).not.toHaveURL(url);
    await expect(page.getByText('No device is in view here.')).toBeVisible();
    await page.getByRole('button', { name: 'Show everything' }).click();
    await expect(table(page)).toHaveAttribute('aria-rowcount', '5');
    const bergen = await marker(page, 'gauge-trondheim').boundingBox();
    await page.mouse.move(bergen.x + bergen.width / 2, bergen.y + bergen.height / 2);
    for (let turn = 0; turn < 6; turn += 1) await page.mouse.wheel(0, -240);
    await expect(table(page)).toHaveAttribute('aria-rowcount', '2');
    await expect(row(page, 'gauge-trondheim')).toBeVisible();
  });

  await test.step('a link shows a colleague the same', async () => {
    await expect(page).toHaveURL(/at=6\d\.\d+%2C\d+\.\d+&zoom=\d/);
    await page.reload();
    await expect(table(page)).toHaveAttribute('aria-rowcount', '2');
    await expect(row(page, 'gauge-trondheim')).toBeVisible();
  });

  await test.step('a condition leaves others out, and is written by hand', async () => {
    await page.keyboard.press('/');
    const condition = page.getByRole('searchbox', { name: /^Condition/ });
    await expect(condition).toBeFocused();
    await condition.fill("deviceId != 'gauge-trondheim'");
    await condition.press('Enter');
    await expect(page).toHaveURL(/where=/);
    await expect(sheet(page)).toHaveAccessibleName(/^Map of 3 devices, 3 of them in view/);
    await condition.fill("deviceId = 'nobody'");
    await condition.press('Enter');
    await expect(page.getByRole('heading', { name: 'Nothing to show on the map' })).toBeVisible();
    await page.getByRole('main').getByRole('button', { name: 'Clear filters' }).first().click();
    await expect(sheet(page)).toHaveAccessibleName(/^Map of 4 devices/);
  });
});

test('what is wrong is said in the words of the hub', async ({ page, emptyHub, makeDevice, service, watch, at }) => {
  await makeCoast(service, makeDevice);
  await makeDevice('gauge-lost');
  await service.patchTwin('gauge-lost', { tags: { location: { lat: 95, lon: 5 } } });
  watch.allowAnswer(400, /\/devices\/query$/);
  await page.goto(at('map?where=tags.site%20%3D'));
  await expect(page.getByRole('alert').filter({ hasText: 'This could not be loaded' })).toBeVisible();
  await expect(page.getByRole('searchbox', { name: /^Condition/ })).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByRole('button', { name: 'Try again' })).toBeVisible();
  await expectAccessible(page, 'map with a wrong condition');
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(sheet(page)).toHaveAccessibleName(/^Map of 4 devices/);
  // Not drawn, but not hidden either.
  await page.getByRole('link', { name: '1 position is none on earth' }).click();
  await expect(page.getByRole('link', { name: 'gauge-lost' })).toBeVisible();
});

test('an area becomes a selection, and that a list, a query or a job', async ({ page, emptyHub, makeDevice, service, at }) => {
  await makeCoast(service, makeDevice);
  await page.goto(at('map?at=61.4,7.5&zoom=5.5'));
  await expect(markers(page)).toHaveCount(4);
  const bar = page.getByRole('group', { name: 'Select' });
  await page.getByRole('button', { name: 'Select an area' }).click();
  await draw(page, all);
  await expect(bar).toContainText('4 devices selected');
  await expect(bar).toContainText('exactly these devices');
  await expect(page.getByRole('button', { name: 'Select an area' })).toHaveAttribute('aria-pressed', 'false');
  await expect(page.locator('.map-area')).toBeVisible();
  await picture(page, 'map-selection');
  await expectAccessible(page, 'map with a selection');

  await test.step('the table selects too', async () => {
    await expect(row(page, 'gauge-bergen').getByRole('checkbox')).toBeChecked();
    await row(page, 'gauge-bergen').getByRole('checkbox').uncheck();
    await expect(bar).toContainText('3 devices selected');
    await bar.getByRole('button', { name: 'Clear selection' }).click();
    await expect(bar).toHaveCount(0);
    await expect(page.locator('.map-area')).toHaveCount(0);
    await row(page, 'gauge-floroe').getByRole('checkbox').check();
    await row(page, 'gauge-bergen').getByRole('checkbox').check();
    await expect(bar).toContainText('2 devices selected');
  });

  await test.step('the list has these and no others', async () => {
    await bar.getByRole('link', { name: 'Open as a list' }).click();
    await expect(page.getByRole('status').filter({ hasText: '2 devices match' })).toBeVisible();
    await expect(page.getByRole('link', { name: 'gauge-floroe' })).toBeVisible();
    await page.goBack();
  });

  await test.step('a job is for the same', async () => {
    await page.getByRole('button', { name: 'Select what is in view' }).click();
    await expect(bar).toContainText('4 devices selected');
    await bar.getByRole('button', { name: 'Schedule a job' }).click();
    await expect(page.getByRole('heading', { name: 'Schedule a job', level: 1 })).toBeVisible();
    expect(new URL(page.url()).searchParams.get('condition')).toBe("deviceId IN ['gauge-bergen', 'gauge-floroe', 'gauge-stavanger', 'gauge-trondheim']");
  });
});

test('a thousand devices are a few clusters, and a rectangle is said to be one', async ({ page, emptyHub, service, at }) => {
  await makeMany(service, 1_000, { north: 60, east: 5, apart: 0.02 });
  await page.goto(at('map'));
  await expect(sheet(page)).toHaveAccessibleName(/^Map of 1,000 devices, 1,000 of them in view/);
  // Nobody's points get lost on the way into clusters.
  const counted = () => page.locator('.map-sheet title').allTextContents().then((titles) => titles.map((title) => Number(/^([\d,]+) devices/.exec(title)?.[1].replace(',', '') ?? 1)).reduce((sum, n) => sum + n, 0));
  expect(await counted()).toBe(1_000);
  expect(await markers(page).count()).toBeLessThan(120);
  await picture(page, 'map-clusters');
  await expectAccessible(page, 'map of clusters');

  await test.step('only rows in sight are in the table', async () => {
    await expect(table(page)).toHaveAttribute('aria-rowcount', '1001');
    expect(await table(page).getByRole('row').count()).toBeLessThan(40);
    await table(page).evaluate((element) => { element.scrollTop = 900 * 38; });
    await expect(row(page, 'many-00905')).toHaveAttribute('aria-rowindex', '907');
  });

  await test.step('more than can be named are a rectangle', async () => {
    const bar = page.getByRole('group', { name: 'Select' });
    await page.getByRole('button', { name: 'Select what is in view' }).click();
    await expect(bar).toContainText('1,000 devices selected');
    await expect(bar).toContainText('the rectangle around them, with 1,000 of the devices read here');
    await bar.getByRole('link', { name: 'Open as a list' }).click();
    await expect(page.getByRole('status').filter({ hasText: '1,000 devices match' })).toBeVisible();
    await page.goBack();
  });

  await test.step('a cluster that is pressed falls apart', async () => {
    await expect(sheet(page)).toHaveAccessibleName(/1,000 of them in view/);
    const before = await page.locator('.marker-count').first().textContent();
    await markers(page).first().click();
    await expect(sheet(page)).not.toHaveAccessibleName(/1,000 of them in view/);
    await expect(page.locator('.marker-count').first()).not.toHaveText(before);
  });
});

test('devices at one place are told apart on a card', async ({ page, emptyHub, service, at }) => {
  await makeMany(service, 12, { north: 60, east: 5, apart: 0 });
  await page.goto(at('map'));
  await marker(page, '12 devices').click();
  const card = page.getByRole('region', { name: 'Place' });
  await expect(card).toContainText('12 devices at one place: 60.00000° N 5.00000° E.');
  await expect(card.getByRole('link')).toHaveCount(8);
});

test('a reading can be stopped and goes on from there', async ({ page, emptyHub, service, at }) => {
  await makeMany(service, 500, { north: 60, east: 5, apart: 0.02 });
  let pages = 0;
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  await page.route(/\/devices\/query/, async (route) => {
    const { query } = route.request().postDataJSON();
    if (query.startsWith('SELECT deviceId') && (pages += 1) === 3) await held;
    await route.continue().catch(() => {});
  });
  await page.goto(at('map'));
  await expect(page.getByText('Reading 200 of 500 positions')).toBeVisible();
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByText('Stopped at 200 of 500 positions.')).toBeVisible();
  await expect(sheet(page)).toHaveAccessibleName(/^Map of 200 devices/);
  release();
  await page.getByRole('button', { name: 'Go on' }).click();
  await expect(sheet(page)).toHaveAccessibleName(/^Map of 500 devices/);
  await expect(page.getByText('Read now')).toBeVisible();
});

test('a failure half-way leaves what was read, and is gone on from', async ({ page, emptyHub, service, watch, at }) => {
  await makeMany(service, 300, { north: 60, east: 5, apart: 0.02 });
  watch.allowAnswer(503, /\/devices\/query$/);
  let pages = 0;
  await page.route(/\/devices\/query/, async (route) => {
    const { query } = route.request().postDataJSON();
    if (query.startsWith('SELECT deviceId') && (pages += 1) === 2) {
      await route.fulfill({ status: 503, json: { Message: 'ErrorCode:ServiceUnavailable;The shard is away', ExceptionMessage: 'Tracking ID:0123456789abcdef-TimeStamp:11/27/2026' } });
    } else {
      await route.continue();
    }
  });
  await page.goto(at('map'));
  await expect(page.getByText('Only 100 of 300 positions could be read.')).toBeVisible();
  await expect(sheet(page)).toHaveAccessibleName(/^Map of 100 devices/);
  await expect(page.getByRole('alert').filter({ hasText: 'The shard is away' })).toBeVisible();
  await expectAccessible(page, 'map that failed half-way');
  await page.getByRole('button', { name: 'Go on' }).click();
  await expect(sheet(page)).toHaveAccessibleName(/^Map of 300 devices/);
});

test('the map in Korean, and in the dark', async ({ page, emptyHub, makeDevice, service, at }) => {
  await makeCoast(service, makeDevice);
  await page.goto(at('map'));
  await korean(page);
  await expect(page.getByRole('heading', { name: '지도', level: 1 })).toBeVisible();
  await expect(sheet(page)).toHaveAccessibleName(/디바이스 4개의 지도/);
  await expectKorean(page, 'map', /\b(Connected|Disconnected|Disabled|Select|Device|Refresh|Reported)\b/);
  await picture(page, 'korean-map-coast');
  await expectAccessible(page, 'map in Korean');
  const water = () => sheet(page).evaluate((element) => getComputedStyle(element).backgroundColor);
  const light = await water();
  await dark(page);
  await expect.poll(water).not.toBe(light);
  await picture(page, 'dark-map-coast');
  await expectAccessible(page, 'map in the dark');
});
