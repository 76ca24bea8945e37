// What happened to a device, in one list; and messages that were not delivered.
import { expect, expectAccessible, picture, test } from './fixtures.mjs';
import { dark, expectKorean, korean } from './languages.mjs';

const ID = 'storied-1';
const ENGLISH_WORDS = /\b(Timeline|Everything|Connection|Connected|Disconnected|Reported|Twin|Method|Job|Live|Held|Pause|Refresh|ago)\b/;

test('everything that happened to a device is one list, with the way to each cause', async ({ page, emptyHub, makeDevice, service, at }) => {
  test.setTimeout(120_000);
  const device = await makeDevice(ID, { blink: () => [200, { blinked: true }] });
  await device.connect();
  await service.patchTwin(ID, { tags: { site: 'oslo' } });
  await service.request('POST', `/twins/${ID}/methods`, { methodName: 'blink', payload: { times: 3 } });
  await service.request('POST', `/devices/${ID}/messages/deviceBound`, 'hello');
  await service.request('PUT', '/jobs/v2/storied-job', {
    jobId: 'storied-job', type: 'scheduleUpdateTwin', queryCondition: `deviceId = '${ID}'`,
    updateTwin: { tags: { checked: true }, etag: '*' }, maxExecutionTimeInSeconds: 300,
  });
  await expect.poll(async () => (await service.twin(ID)).tags.checked).toBe(true);
  await device.close();

  await page.goto(at(`devices/${ID}`));
  await page.getByRole('navigation', { name: 'Device sections' }).getByRole('link', { name: 'Timeline' }).click();
  const list = page.getByRole('list', { name: 'Timeline' });
  const entries = list.getByRole('listitem');
  const about = (text) => entries.filter({ hasText: text });

  await test.step('each thing once, with who did it', async () => {
    await expect(about('Disconnected after')).toHaveCount(1);
    await expect(about(/^Connected/)).toHaveCount(1);
    await expect(about('Twin changed').filter({ hasText: 'oslo' })).toContainText('iothubowner');
    await expect(about('Method called')).toHaveCount(1);
    await expect(about('Message sent')).toHaveCount(1);
    await expect(about('Job storied-job: Done')).toHaveCount(1);
    await expect(about('Device created')).toHaveCount(1);
    const times = await list.locator('time:first-of-type').evaluateAll((all) => all.map((one) => Date.parse(one.dateTime)));
    expect(times.length).toBeGreaterThan(6);
    expect(times, 'the newest first').toEqual([...times].sort((one, other) => other - one));
    await picture(page, 'timeline');
    await expectAccessible(page, 'timeline');
  });

  await test.step('what happens now shows by itself, until the list is held', async () => {
    await device.connect();
    await expect(about(/^Connected/)).toHaveCount(2);
    await page.getByRole('button', { name: 'Pause' }).click();
    await expect(page.getByText('Held')).toBeVisible();
    await service.patchTwin(ID, { tags: { site: 'bergen' } });
    await page.getByRole('button', { name: 'Resume' }).click();
    await expect(about('bergen')).toHaveCount(1);
    await expect(page.getByRole('region', { name: 'Timeline' }).getByText('Live', { exact: true })).toBeVisible();
  });

  await test.step('one kind, and from there to the cause', async () => {
    await page.getByLabel('Show', { exact: true }).selectOption('Job');
    await expect(page).toHaveURL(at(`devices/${ID}/timeline?kind=job`));
    await expect(entries).toHaveCount(1);
    await page.getByLabel('Show', { exact: true }).selectOption('Alert');
    await expect(page.getByRole('heading', { name: 'Nothing of this kind' })).toBeVisible();
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await about('bergen').getByRole('link', { name: 'What changed' }).click();
    await expect(page).toHaveURL(/history\?version=/);
    await expect(page.locator('.diff .add').filter({ hasText: 'bergen' })).toBeVisible();
    await page.goBack();
    await about('Job storied-job').getByRole('link', { name: 'The job' }).click();
    await expect(page.getByRole('heading', { name: 'storied-job', level: 1 })).toBeVisible();
    await page.goBack();
  });

  await test.step('in Korean and in the dark', async () => {
    await expect(entries).not.toHaveCount(0);
    await korean(page);
    await expectKorean(page, 'timeline', ENGLISH_WORDS);
    await dark(page);
    await picture(page, 'dark-korean-timeline');
    await expectAccessible(page, 'dark timeline');
  });
});

test('a list that may not be read is left out and named', async ({ page, watch, emptyHub, makeDevice, at }) => {
  await makeDevice('half-told-1');
  watch.allowAnswer(403, /\/api\/v1\/alerts$/);
  await page.route('**/api/v1/alerts?**', (route) => route.fulfill({
    status: 403, contentType: 'application/json', body: JSON.stringify({ Message: 'Only for who sees all devices.', ExceptionMessage: '' }),
  }));
  await page.goto(at('devices/half-told-1/timeline'));
  await expect(page.getByText('Without “Alerts”: Only for who sees all devices.')).toBeVisible();
  await expect(page.getByRole('listitem').filter({ hasText: 'Device created' })).toBeVisible();
});

test('messages that were not delivered are read, sent again and forgotten', async ({ page, emptyHub, makeDevice, service, at }) => {
  const device = await makeDevice('deaf-1');
  const say = (body, headers) => service.request('POST', '/devices/deaf-1/messages/deviceBound', body, headers);
  await say({ open: true }, { 'iothub-messageid': 'valve-7', 'iothub-app-level': 'high' });
  await say({ open: false }, { 'iothub-messageid': 'valve-8' });
  await page.goto(at('devices/deaf-1/messages'));
  await expect(page.getByText('Every message was delivered, or still waits.')).toBeVisible();
  await page.getByRole('button', { name: 'Purge queue' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Purge queue' }).click();

  const card = page.getByRole('region', { name: 'Not delivered' });
  const row = (id) => card.getByRole('row').filter({ hasText: id });
  await expect(row('valve-7')).toContainText('Purged');
  await row('valve-7').getByRole('button', { name: 'valve-7' }).click();
  await expect(card.locator('.record-detail')).toContainText('{"open":true}');
  await expect(card.locator('.record-detail')).toContainText('high');
  await picture(page, 'dead-letters');
  await expectAccessible(page, 'messages that were not delivered');

  await row('valve-7').getByRole('button', { name: 'Send again' }).click();
  await expect(row('valve-7')).toHaveCount(0);
  await expect(page.getByRole('region', { name: 'Queue' }).getByRole('row').filter({ hasText: 'valve-7' })).toBeVisible();
  await device.connect();
  await expect.poll(() => device.messages.map((message) => message.body)).toEqual(['{"open":true}']);

  await row('valve-8').getByRole('button', { name: 'Forget' }).click();
  await page.getByRole('dialog', { name: 'Forget what was not delivered?' }).getByRole('button', { name: 'Forget' }).click();
  await expect(page.getByText('Every message was delivered, or still waits.')).toBeVisible();
});
