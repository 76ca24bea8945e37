// Configurations: from a condition to the twins, priorities, and what stays when one is gone.
import { expect, expectAccessible, picture, test } from './fixtures.mjs';
import { dark, expectKorean, korean } from './languages.mjs';

const ENGLISH_WORDS = /\b(Configurations|Configuration|Priority|Target|Applied|Changed|Settings|Metrics|Labels|Content|Reach|Edit|Delete|Save|Created|Query|Property|Value)\b/;
const NAMES = ['chiller-base', 'chiller-night'];

// These tests ask more often than the twenty times a minute of one unit.
test.beforeEach(async ({ service }) => {
  await service.request('PUT', '/api/v1/throttles', { units: 1, overrides: { configurations: { perMinute: 6_000, burst: 1_000 } } });
});

test.afterEach(async ({ service }) => {
  for (const { id } of await service.request('GET', '/configurations')) {
    if (NAMES.includes(id)) await service.request('DELETE', `/configurations/${encodeURIComponent(id)}`, undefined, { 'If-Match': '*' });
  }
  await service.request('PUT', '/api/v1/throttles', { units: 1 });
});

const desired = async (service, id) => (await service.twin(id)).properties.desired;

test('a configuration is made, changed, explained on a device, and deleted', async ({ page, emptyHub, service, at }) => {
  test.setTimeout(240_000);
  for (const id of ['chiller-1', 'chiller-2', 'pump-1']) {
    await service.createDevice(id);
    await service.patchTwin(id, { tags: { type: id.split('-')[0] } });
  }

  await test.step('the empty list leads to a new one', async () => {
    await page.goto(at(''));
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Configurations' }).click();
    await expect(page.getByRole('heading', { name: 'No configuration yet' })).toBeVisible();
    await picture(page, 'configurations-empty');
    await expectAccessible(page, 'empty configurations');
    await page.getByRole('link', { name: 'New configuration' }).first().click();
  });

  await test.step('condition, metric and content are tried while they are written', async () => {
    const save = page.getByRole('button', { name: 'Save' });
    await page.getByLabel('Id', { exact: true }).fill('Chiller Base');
    await expect(page.getByText('1 to 128 lower-case letters').first()).toBeVisible();
    await page.getByLabel('Id', { exact: true }).fill(NAMES[0]);
    await page.getByLabel('Target condition').fill('tags.type =');
    await expect(page.getByText(/line 1/).first()).toBeVisible();
    await page.getByLabel('Target condition').fill("tags.type = 'chiller'");
    await expect(page.getByText('2 twins match now')).toBeVisible();
    await page.getByRole('button', { name: 'Add a metric' }).click();
    await page.getByLabel('Metric', { exact: true }).fill('cold');
    await page.getByLabel('Query', { exact: true }).fill('SELECT');
    await expect(page.getByText(/^cold: /)).toBeVisible();
    await page.getByLabel('Query', { exact: true }).fill('SELECT deviceId FROM devices WHERE properties.desired.cooling.celsius < 5');
    await expect(page.getByText(/^cold: /)).toBeHidden();
    await page.getByRole('button', { name: 'Add a label' }).click();
    await page.getByLabel('Label', { exact: true }).fill('owner');
    await page.getByLabel('Value', { exact: true }).fill('cold chain');
    await page.getByLabel('Content', { exact: true }).fill('{"deviceContent": {"cooling": 4}}');
    await expect(save).toHaveAttribute('title', /Keys must be properties.desired/);
    await page.getByLabel('Content', { exact: true }).fill('{"deviceContent": {"properties.desired.cooling": {"celsius": 4, "fan": "auto"}}}');
    await picture(page, 'configuration-new');
    await expectAccessible(page, 'new configuration');
    await save.click();
    const question = page.getByRole('dialog', { name: `Create ${NAMES[0]}?` });
    await expect(question).toContainText('into 2 twins now');
    await expectAccessible(page, 'question before a configuration');
    await question.getByRole('button', { name: 'Save' }).click();
  });

  await test.step('it is written, and counted', async () => {
    await expect(page).toHaveURL(new RegExp(`/console/configurations/${NAMES[0]}$`));
    const reach = page.getByRole('region', { name: 'Reach' });
    await expect(reach.getByRole('listitem').filter({ hasText: 'applied' })).toHaveText(/^2/, { timeout: 30_000 });
    await expect(page.getByRole('row').filter({ hasText: 'cold' }).getByRole('cell').last()).toHaveText('2');
    expect((await desired(service, 'chiller-1')).cooling).toEqual({ celsius: 4, fan: 'auto' });
    expect((await desired(service, 'pump-1')).cooling).toBeUndefined();
    await picture(page, 'configuration');
    await expectAccessible(page, 'configuration');
  });

  await test.step('a higher priority takes a path, and the device says why', async () => {
    await service.request('PUT', `/configurations/${NAMES[1]}`, {
      id: NAMES[1], priority: 20, targetCondition: "deviceId = 'chiller-2'",
      content: { deviceContent: { 'properties.desired.cooling.celsius': 7 } },
    });
    await expect.poll(async () => (await desired(service, 'chiller-2')).cooling.celsius).toBe(7);
    await service.patchTwin('chiller-2', { properties: { desired: { note: 'door open', cooling: { fan: 'off' } } } });
    await page.goto(at('devices/chiller-2/configuration'));
    const table = page.getByRole('group', { name: 'Who sets what' });
    const celsius = table.getByRole('row').filter({ hasText: 'cooling.celsius' });
    await expect(celsius.getByRole('link')).toHaveText([NAMES[1], NAMES[0]]);
    await expect(celsius).toContainText('lower priority');
    await expect(table.getByRole('row').filter({ hasText: 'cooling.fan' })).toContainText('wants auto');
    await expect(table.getByRole('row').filter({ hasText: 'note' })).toContainText('Written by hand');
    await picture(page, 'device-configuration');
    await expectAccessible(page, 'configuration tab');
  });

  await test.step('the list is a ladder', async () => {
    await page.goto(at('configurations'));
    await expect(page.getByRole('rowheader')).toHaveText([NAMES[1], NAMES[0]]);
    await expect(page.getByRole('row').filter({ hasText: NAMES[0] })).toContainText('2 of 2');
    await picture(page, 'configurations');
    await expectAccessible(page, 'configurations');
  });

  await test.step('what can be changed is changed, seen as a difference first', async () => {
    await page.getByRole('link', { name: NAMES[0] }).click();
    await page.getByRole('link', { name: 'Edit' }).click();
    await expect(page.getByRole('button', { name: 'Save' })).toHaveAttribute('title', 'Nothing is changed');
    await page.getByLabel('Priority').fill('30');
    await expect(page.getByRole('region', { name: 'What changes' })).toContainText('"priority": 30');
    await picture(page, 'configuration-edit');
    await expectAccessible(page, 'edited configuration');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('dialog', { name: `Change ${NAMES[0]}?` }).getByRole('button', { name: 'Save' }).click();
    await expect(page).toHaveURL(new RegExp(`/console/configurations/${NAMES[0]}$`));
    await expect.poll(async () => (await desired(service, 'chiller-2')).cooling.celsius).toBe(4);
  });

  await test.step('in Korean and in the dark', async () => {
    await korean(page);
    await expect(page.getByRole('heading', { name: '적용 범위' })).toBeVisible();
    await expectKorean(page, 'configuration', ENGLISH_WORDS);
    await dark(page);
    await page.goto(at('devices/chiller-2/configuration'));
    await expect(page.getByRole('heading', { name: '속성별 구성' })).toBeVisible();
    await picture(page, 'dark-korean-device-configuration');
    await expectKorean(page, 'configuration tab', ENGLISH_WORDS);
    await page.goto(at('configure'));
    await expect(page.getByRole('heading', { name: '새 구성', level: 1 })).toBeVisible();
    await expectKorean(page, 'new configuration', ENGLISH_WORDS);
    await page.goto(at('configurations'));
    await expect(page.getByRole('rowheader')).toHaveText([NAMES[0], NAMES[1]]);
    await picture(page, 'dark-korean-configurations');
    await expectKorean(page, 'configurations', ENGLISH_WORDS);
  });

  await test.step('deleted, its values pass to the next one', async () => {
    await page.getByRole('link', { name: NAMES[0] }).click();
    await page.getByRole('button', { name: '삭제' }).click();
    const question = page.getByRole('dialog', { name: `${NAMES[0]} 구성을 삭제할까요?` });
    await expectAccessible(page, 'deleting a configuration');
    await question.getByRole('button', { name: '삭제' }).click();
    await expect(page).toHaveURL(/\/console\/configurations$/);
    await expect(page.getByRole('rowheader')).toHaveText([NAMES[1]]);
    await expect.poll(async () => (await desired(service, 'chiller-2')).cooling.celsius).toBe(7);
  });
});

test('a configuration that is gone, and a role that may not', async ({ page, at, watch, service }) => {
  watch.allowAnswer(404, /\/configurations\/nobody-knows$/);
  await page.goto(at('configurations/nobody-knows'));
  await expect(page.getByRole('heading', { name: 'There is no configuration nobody-knows' }).last()).toBeVisible();
  await service.request('PUT', `/configurations/${NAMES[0]}`, {
    id: NAMES[0], priority: 1, targetCondition: '', content: { deviceContent: { 'properties.desired.a': 1 } },
  });
  await page.route('**/api/v1/session', (route) => route.fulfill({ json: { name: 'ada', role: 'operator', expiresAt: null } }));
  await page.goto(at(`configurations/${NAMES[0]}`));
  for (const name of ['Edit', 'Delete']) {
    await expect(page.getByRole('button', { name })).toHaveAttribute('title', 'Your role lacks configurations/write');
  }
});
