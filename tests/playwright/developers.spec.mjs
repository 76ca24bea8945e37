// What developers need: addresses and programs of this hub, what is compatible, and the reference
// of the API, whose lines for the shell have to work as they are copied.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, expectAccessible, picture, test } from './fixtures.mjs';
import { dark, expectKorean, korean } from './languages.mjs';
import { sasToken } from './service.mjs';

const ENGLISH_WORDS = /\b(Developers|Connect|Compatibility|Addresses|Trust|Device|Works|Different|Parameters|Answers|Body|required|Viewer|Operator)\b/;

test.use({ permissions: ['clipboard-read', 'clipboard-write'] });

const operation = (page, path, method) => page.locator('.operation').filter({ has: page.getByRole('button', { name: new RegExp(`^${method} ${path.replace(/[{}/]/g, '\\$&')} `) }) });

const token = ({ hostName, owner }) => sasToken(hostName, owner.SharedAccessKey, owner.SharedAccessKeyName);

/** What a copy button has put into the clipboard. */
const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());

/** Runs a copied line as it is, with what only its reader knows in the environment. */
async function shell(line, environment) {
  const { stdout } = await promisify(execFile)('bash', ['-c', line], { env: { PATH: process.env.PATH, ...environment } });
  return stdout;
}

test('addresses and programs are those of this hub', async ({ page, ready, service, at }) => {
  await page.goto(at(''));
  await expect(page.getByRole('heading', { name: /overview/i, level: 1 })).toBeVisible();
  await page.keyboard.press('g');
  await page.keyboard.press('x');
  await expect(page).toHaveURL(at('developers'));
  const addresses = page.getByRole('region', { name: 'Addresses' });
  const { host } = new URL(ready.url);
  await expect(addresses).toContainText(`ws://${host}/$iothub/websocket`);
  const { hostName } = await service.request('GET', '/api/v1/hub');
  await expect(addresses.getByText(hostName, { exact: true })).toBeVisible();
  await picture(page, 'developers');
  await expectAccessible(page, 'developers');

  await test.step('the address of metrics leads to metrics', async () => {
    await addresses.getByRole('button', { name: 'Copy: Metrics for Prometheus' }).click();
    const metrics = await fetch(await clipboard(page), { headers: { Authorization: token(service) } });
    expect(metrics.status).toBe(200);
    expect(await metrics.text()).toContain('iothub_total_device_count');
  });

  await test.step('the address for devices takes MQTT', async () => {
    await addresses.getByRole('button', { name: /^Copy: Devices: MQTT/ }).click();
    const protocol = await page.evaluate((address) => new Promise((resolve, reject) => {
      const socket = new WebSocket(address, 'mqtt');
      socket.onopen = () => { resolve(socket.protocol); socket.close(); };
      socket.onerror = () => reject(new Error('no WebSocket'));
    }), await clipboard(page));
    expect(protocol).toBe('mqtt');
  });

  const programs = page.getByRole('region', { name: 'Programs to begin with' });
  const run = programs.getByLabel('Run', { exact: true });
  await test.step('a program in each language, kept in the address, without a key', async () => {
    await expect(run).toContainText(`HostName=${hostName};DeviceId=…;SharedAccessKey=…`);
    await programs.getByRole('button', { name: 'C', exact: true }).click();
    await expect(page).toHaveURL(at('developers?language=c'));
    await expect(run).toContainText('MQTT_WebSocket_Protocol');
    await expect(programs).toContainText('tests do not run this one');
    await programs.getByRole('button', { name: 'Back end' }).click();
    await programs.getByRole('button', { name: 'Node.js' }).click();
    await expect(page).toHaveURL(at('developers?for=service&language=node'));
    await page.reload();
    await expect(run).toContainText("require('azure-iothub')");
    await expect(run).toContainText(`HostName=${hostName};SharedAccessKeyName=iothubowner;SharedAccessKey=…`);
    await programs.scrollIntoViewIfNeeded();
    await picture(page, 'developers-programs');
  });

  await test.step('the line for curl works as it is copied', async () => {
    await programs.getByRole('button', { name: 'curl' }).click();
    await programs.getByRole('button', { name: 'Copy' }).last().click();
    const answer = JSON.parse(await shell(await clipboard(page), { TOKEN: token(service) }));
    expect(Array.isArray(answer)).toBe(true);
  });

  await test.step('connection strings are where they are kept', async () => {
    await page.getByRole('link', { name: 'Shared access policies' }).click();
    await expect(page.getByRole('heading', { name: 'Shared access policies', level: 1 })).toBeVisible();
  });
});

test('the table says what works, and what is different', async ({ page, at }) => {
  await page.goto(at('developers/compatibility'));
  const row = (name) => page.getByRole('row').filter({ has: page.getByRole('rowheader', { name }) });
  await expect(row('Device SDKs for Python and Node.js')).toContainText('Works');
  await expect(row('Reading events')).toContainText('Different');
  await expect(row('MQTT on port 8883, MQTT 5, AMQP')).toContainText('Not there');
  await picture(page, 'developers-compatibility');
  await expectAccessible(page, 'compatibility');
});

test('an operation is found, opened, sent to a colleague and carried out', async ({ page, emptyHub, makeDevice, service, at }) => {
  await makeDevice('reference-1');
  await page.goto(at('developers'));
  await page.getByRole('link', { name: 'API reference' }).click();
  await expect(page).toHaveURL(at('developers/api'));
  await expect(page.getByRole('button', { name: /^All \d+$/ })).toHaveAttribute('aria-pressed', 'true');
  await expect(operation(page, '/devices/{deviceId}', 'GET')).toHaveCount(1);
  await picture(page, 'developers-reference');
  await expectAccessible(page, 'reference');

  await test.step('a search wants all its words', async () => {
    await page.keyboard.press('/');
    await expect(page.getByRole('searchbox', { name: 'Find an operation' })).toBeFocused();
    await page.keyboard.type('twin PATCH');
    await expect(page).toHaveURL(at('developers/api?search=twin%20PATCH'));
    await expect(page.locator('.operation')).toHaveCount(3);
    await page.getByRole('searchbox', { name: 'Find an operation' }).fill('no such operation');
    await expect(page.getByRole('heading', { name: 'No operation matches' })).toBeVisible();
    await expectAccessible(page, 'reference, nothing found');
    await page.getByRole('button', { name: 'Show all' }).click();
    await expect(operation(page, '/devices/{deviceId}', 'GET')).toHaveCount(1);
  });

  await test.step('a group shows only its own', async () => {
    await page.getByRole('button', { name: /^Modules \d+$/ }).click();
    await expect(page.locator('.operation')).toHaveCount(4);
    await expect(page).toHaveURL(at('developers/api?group=Modules'));
    await page.getByRole('button', { name: /^Twins \d+$/ }).click();
  });

  const patch = operation(page, '/twins/{deviceId}', 'PATCH');
  await test.step('what it takes and answers', async () => {
    await patch.getByRole('button').first().focus();
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(at('developers/api?group=Twins&operation=patchTwin'));
    await expect(patch.getByRole('row').filter({ hasText: 'api-version' })).toContainText('required');
    await expect(patch.locator('.member').filter({ hasText: 'desired' }).first()).toContainText('At most 32 KB');
    await expect(patch.locator('.answers')).toContainText('412');
    await expect(patch).toContainText('Policy with ServiceConnect');
    await expect(patch).toContainText('Operator');
    await patch.locator('.answers summary').click();
    await expect(patch.locator('.answers')).toContainText('statusUpdateTime');
    await picture(page, 'developers-operation');
    await expectAccessible(page, 'an operation');
  });

  await test.step('its line for curl works as it is copied', async () => {
    await patch.getByRole('button', { name: 'Copy', exact: true }).click();
    const line = await clipboard(page);
    const twin = JSON.parse(await shell(line, { TOKEN: token(service), DEVICE_ID: 'reference-1' }));
    expect(twin.tags).toEqual({ site: 'oslo' });
    expect((await service.twin('reference-1')).properties.desired.interval).toBe(5);
  });

  await test.step('its link opens it, and brings it into sight', async () => {
    await patch.getByRole('button', { name: 'Copy link' }).click();
    const link = await clipboard(page);
    await page.goto(at(''));
    await page.goto(link.replace('group=Twins&', ''));
    await expect(patch.locator('.operation-details')).toBeVisible();
    await expect(patch.getByRole('button').first()).toBeInViewport();
  });

  await test.step('the document is there to be taken along', async () => {
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'OpenAPI document' }).click();
    const document = JSON.parse(readFileSync(await (await download).path(), 'utf8'));
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toContain('/twins/{deviceId}');
  });
});

test('a document that does not come can be asked for again', async ({ page, watch, at }) => {
  watch.allowAnswer(503, /openapi\.json$/);
  let away = true;
  await page.route('**/console/openapi.json', (route) => (away ? route.fulfill({ status: 503, body: '' }) : route.continue()));
  await page.goto(at('developers/api'));
  await expect(page.getByRole('alert')).toContainText('503');
  await expectAccessible(page, 'reference without its document');
  away = false;
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(operation(page, '/devices/{deviceId}', 'GET')).toHaveCount(1);
});

test('in Korean, in the dark and on a narrow screen', async ({ page, at }) => {
  await page.goto(at('developers'));
  await expect(page.getByText('Host name', { exact: true })).toBeVisible();
  await korean(page);
  for (const [tab, name] of [['', 'developers'], ['/compatibility', 'compatibility'], ['/api?group=Device%20identities&operation=putDevice', 'reference']]) {
    await page.goto(at(`developers${tab}`));
    await expect(page.getByRole('heading', { name: '개발자', level: 1 })).toBeVisible();
    await expect(page.getByRole('status').filter({ hasText: '불러오는 중' })).toHaveCount(0);
    await expectKorean(page, name, ENGLISH_WORDS);
    await picture(page, `korean-${name}`);
    await expectAccessible(page, `${name} in Korean`);
  }
  await expect(page.getByText('설명은 문서에서 가져오며 영어로 제공됩니다.')).toBeVisible();
  await dark(page);
  await picture(page, 'dark-korean-reference');
  await expectAccessible(page, 'reference in the dark');
  await page.setViewportSize({ width: 400, height: 800 });
  for (const [tab, name] of [['', 'developers'], ['/compatibility', 'compatibility'], ['/api?group=Device%20identities&operation=putDevice', 'reference']]) {
    await page.goto(at(`developers${tab}`));
    await expect(page.getByRole('heading', { name: '개발자', level: 1 })).toBeVisible();
    await expect(page.getByRole('status').filter({ hasText: '불러오는 중' })).toHaveCount(0);
    expect(await page.evaluate(() => document.documentElement.scrollWidth), `${name} is no wider than the screen`).toBeLessThanOrEqual(400);
    await picture(page, `narrow-${name}`);
    await expectAccessible(page, `${name}, narrow`);
  }
});
