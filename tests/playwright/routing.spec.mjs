// Routes and endpoints: where messages go, how receivers stand, what they did not take.
import { expect, expectAccessible, picture, test } from './fixtures.mjs';
import { dark, expectKorean, korean } from './languages.mjs';

const ENGLISH_WORDS = /\b(Routes|Endpoints|Condition|Source|Delivered|Change|Delete|Dead letters|Messages of devices|Healthy)\b/;

test.afterEach(async ({ service }) => {
  await service.request('PUT', '/api/v1/routing', { routing: {} });
});

test('endpoints are written as JSON, and a route is tried while it is written', async ({ page, watch, at }) => {
  test.setTimeout(180_000);
  watch.allowAnswer(400, /\/api\/v1\/routing$/);
  await page.goto(at('routing'));
  await expect(page.getByText('No routes: all telemetry goes')).toBeVisible();
  await expect(page.getByText('No endpoints of your own')).toBeVisible();
  await expectAccessible(page, 'routes before the first one');

  await test.step('an endpoint, as JSON', async () => {
    await page.getByRole('button', { name: 'Edit as JSON' }).click();
    const form = page.getByRole('dialog', { name: 'Routes and endpoints as JSON' });
    const editor = form.getByLabel('The document');
    const refused = { endpoints: { webhooks: [{ name: 'erp', url: 'http://127.0.0.1:1/in' }] } };
    await editor.fill(JSON.stringify(refused));
    await form.getByRole('button', { name: 'Save' }).click();
    await expect(form.getByText(/HUB_ALLOWED_HOSTS/)).toBeVisible();
    await editor.fill(JSON.stringify({ endpoints: { storageContainers: [{ name: 'archive', containerName: 'telemetry' }] } }));
    await picture(page, 'routing-json');
    await expectAccessible(page, 'routes as JSON');
    await form.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('row').filter({ hasText: 'archive' })).toContainText('Storage container');
  });

  await test.step('a route with a condition', async () => {
    await page.getByRole('button', { name: 'Add route' }).click();
    const form = page.getByRole('dialog', { name: 'New route' });
    await form.getByLabel('Name').fill('hot');
    await form.getByLabel('Endpoint').selectOption('archive');
    await form.getByLabel('Condition').fill('$body.temperature > ');
    await expect(form.getByText(/^Line 1, column \d+/)).toBeVisible();
    await form.getByLabel('Condition').fill('$body.temperature > 95');
    await expect(form.getByText('This message does not take the route.')).toBeVisible();
    await form.getByLabel('Condition').fill("$body.temperature > 90 AND $twin.tags.site = 's1'");
    await expect(form.getByText('This message takes the route.')).toBeVisible();
    await picture(page, 'route-form');
    await expectAccessible(page, 'route form');
    await form.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('row').filter({ hasText: 'hot' })).toContainText('archive');
    await picture(page, 'routing');
    await expectAccessible(page, 'routes');
  });

  await test.step('it is switched off, in Korean and in the dark', async () => {
    await page.getByRole('row').filter({ hasText: 'hot' }).getByRole('button', { name: 'Change' }).click();
    const form = page.getByRole('dialog', { name: 'Change the route hot' });
    await form.getByLabel('In use').selectOption('off');
    await form.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('row').filter({ hasText: 'hot' })).toContainText('Off');
    await korean(page);
    await dark(page);
    await expect(page.getByRole('row').filter({ hasText: 'hot' })).toContainText('꺼짐');
    await picture(page, 'dark-korean-routing');
    await expectKorean(page, 'routes', ENGLISH_WORDS);
  });

  await test.step('and deleted', async () => {
    await page.getByRole('row').filter({ hasText: 'hot' }).getByRole('button', { name: '삭제' }).click();
    await page.getByRole('dialog').getByRole('button', { name: '삭제' }).click();
    await expect(page.getByRole('row').filter({ hasText: 'hot' })).toHaveCount(0);
  });
});

test('how endpoints stand and what they refused, as the hub tells it', async ({ page, at }) => {
  const letter = { id: '0:7', time: '2026-03-01T10:00:00.0000000Z', reason: 'status 400', event: { deviceId: 'pump-7', body: { t: 93 } } };
  const letters = [letter, { ...letter, id: '0:8' }];
  await page.route(/\/api\/v1\/routing$/, (route) => route.fulfill({ headers: { etag: '"00000001"' }, json: { routing: {
    endpoints: { webhooks: [{ name: 'erp', url: 'https://erp.example/in', status: 'pending' }, { name: 'desk', url: 'https://desk.example/in', status: 'active' }], storageContainers: [], queues: [] },
    routes: [], fallbackRoute: { name: '$fallback', source: 'DeviceMessages', condition: 'true', endpointNames: ['events'], isEnabled: true }, enrichments: [],
  } } }));
  await page.route(/\/api\/v1\/routing\/endpoints\/health$/, (route) => route.fulfill({ json: { orphaned: 3, value: [
    { endpointId: 'erp', endpointType: 'webhooks', healthStatus: 'unknown', delivered: 0, invalid: 0, dropped: 0 },
    { endpointId: 'desk', endpointType: 'webhooks', healthStatus: 'dead', lastKnownError: 'Transient: status 503', waitingSince: '2026-03-01T09:00:00.0000000Z', nextAttemptTime: '2026-03-01T10:05:00.0000000Z', delivered: 1200, invalid: 1, dropped: 2 },
  ] } }));
  await page.route(/\/dead-letters(\/resend)?(\?|$)/, (route) => {
    if (route.request().method() === 'GET') return route.fulfill({ json: { value: letters, next: null } });
    letters.pop();
    return route.fulfill({ json: { count: 1 } });
  });
  await page.goto(at('routing'));
  await expect(page.getByText('3 messages were wanted by nobody.')).toBeVisible();
  const erp = page.getByRole('row').filter({ hasText: 'erp' });
  await expect(erp).toContainText('Not agreed');
  await expect(erp.getByRole('button', { name: 'Ask again' })).toBeVisible();
  const desk = page.getByRole('row').filter({ hasText: 'desk' });
  await expect(desk).toContainText('Dead');
  await expect(desk).toContainText('status 503');
  await expect(desk).toContainText('1,200');
  await picture(page, 'routing-trouble');
  await expectAccessible(page, 'endpoints in trouble');
  await desk.getByRole('button', { name: 'Dead letters of desk' }).click();
  const dialog = page.getByRole('dialog', { name: 'Dead letters of desk' });
  await expect(dialog.getByText('status 400')).toHaveCount(2);
  await expect(dialog.getByText('pump-7').first()).toBeVisible();
  await picture(page, 'dead-letters');
  await expectAccessible(page, 'dead letters');
  await dialog.getByRole('button', { name: 'Send again' }).first().click();
  await expect(page.getByText('1 event goes out again.')).toBeVisible();
  await expect(dialog.getByText('status 400')).toHaveCount(1);
  await dialog.getByRole('button', { name: 'Forget', exact: true }).click();
  const question = page.getByRole('dialog', { name: 'Forget what the receiver did not take?' });
  await expectAccessible(page, 'forgetting a dead letter');
  await question.getByRole('button', { name: 'Forget', exact: true }).click();
  await expect(page.getByText('1 event is forgotten.')).toBeVisible();
  await expect(dialog.getByText('There are none.')).toBeVisible();
});
