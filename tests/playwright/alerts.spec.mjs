// Alerts: what needs a person, what somebody does about it, and the rules.
import { expect, expectAccessible, picture, test } from './fixtures.mjs';
import { dark, expectKorean, korean } from './languages.mjs';

const ENGLISH_WORDS = /\b(Alerts|Rules|Severity|Warning|Snooze|Resolve|Open|Look after|Needs|Change|Delete)\b/;
const RULE = 'too-hot';

test.afterEach(async ({ service }) => {
  await service.request('DELETE', `/api/v1/alert-rules/${RULE}`).catch(() => {});
});

const alert = (page, text) => page.getByRole('listitem').filter({ hasText: text });

test('a rule is written with a look at the fleet, and what it finds is looked after, snoozed and resolved', async ({ page, watch, service, makeDevice, emptyHub, at }) => {
  watch.allowAnswer(400, /\/devices\/query/);
  test.setTimeout(180_000);
  for (const id of ['chiller-1', 'chiller-2']) {
    await makeDevice(id);
    await service.patchTwin(id, { tags: { room: id === 'chiller-1' ? 'hot' : 'cold', site: 's1' } });
  }
  await page.goto(at('alerts'));
  await expect(page.getByRole('heading', { name: 'Nothing needs you' })).toBeVisible();
  await picture(page, 'alerts-calm');
  await expectAccessible(page, 'no alerts');

  await test.step('a rule of one\'s own', async () => {
    await page.getByRole('link', { name: 'Rules' }).click();
    await expect(page.getByRole('row').filter({ hasText: 'heartbeatMissed' })).toContainText('silent for twice');
    await picture(page, 'alert-rules');
    await expectAccessible(page, 'alert rules');
    await page.getByRole('button', { name: 'Add rule' }).click();
    const form = page.getByRole('dialog', { name: 'New alert rule' });
    await form.getByLabel('Name').fill('heartbeatMissed');
    await expect(form.getByText('There is a rule of this name.')).toBeVisible();
    await form.getByLabel('Name').fill(RULE);
    await form.getByLabel('Condition').fill('tags.room = ');
    await expect(form.getByText('cannot be counted yet')).toBeVisible();
    await form.getByLabel('Condition').fill("tags.room = 'hot'");
    await expect(form.getByText('1 device is like this now')).toBeVisible();
    await form.getByLabel('What the alert says').fill('too hot');
    await form.getByLabel('Severity').selectOption('error');
    await form.getByLabel('Lasts for').fill('1');
    await picture(page, 'alert-rule-form');
    await expectAccessible(page, 'alert rule form');
    await form.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByRole('row').filter({ hasText: RULE })).toContainText("tags.room = 'hot'");
  });

  await test.step('the alert comes by itself', async () => {
    await page.getByRole('navigation', { name: 'Alerts and rules' }).getByRole('link', { name: 'Alerts' }).click();
    await expect(alert(page, 'chiller-1: too hot')).toBeVisible({ timeout: 30_000 });
    await expect(page.getByRole('navigation', { name: 'Main' }).getByText('1 alert needs a person')).toBeAttached({ timeout: 15_000 });
    await picture(page, 'alerts');
    await expectAccessible(page, 'alerts');
  });

  await test.step('somebody looks after it', async () => {
    await page.getByRole('button', { name: /^Look after it: chiller-1/ }).click();
    await expect(page.getByRole('heading', { name: 'Nothing needs you' })).toBeVisible();
    await page.getByRole('button', { name: 'All open' }).click();
    await expect(alert(page, 'chiller-1')).toContainText('Looked after');
    await expect(alert(page, 'chiller-1')).toContainText('by administrator');
  });

  await test.step('it is snoozed', async () => {
    await page.getByRole('button', { name: /^Snooze: chiller-1/ }).click();
    const question = page.getByRole('dialog', { name: /^Snooze a-/ });
    await question.getByLabel('For how long').selectOption('4h');
    await expectAccessible(page, 'snooze');
    await question.getByRole('button', { name: 'Snooze' }).click();
    await expect(alert(page, 'chiller-1')).toContainText('Snoozed');
  });

  await test.step('in Korean and in the dark', async () => {
    await korean(page);
    await dark(page);
    await expect(alert(page, 'chiller-1')).toContainText('일시 중지');
    await picture(page, 'dark-korean-alerts');
    await expectAccessible(page, 'alerts in Korean');
    await page.getByRole('link', { name: '규칙' }).click();
    await expect(page.getByRole('row').filter({ hasText: RULE })).toBeVisible();
    await picture(page, 'dark-korean-alert-rules');
    await expectKorean(page, 'alert rules', ENGLISH_WORDS);
    await page.goBack();
  });

  await test.step('it is done', async () => {
    await page.getByRole('button', { name: /^해결: chiller-1/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: '해결' }).click();
    await page.getByRole('button', { name: '해결됨' }).click();
    await expect(alert(page, 'chiller-1')).toContainText('해결됨');
    await expect(page).toHaveURL(/show=resolved/);
  });
});

test('a built-in rule is changed and put back', async ({ page, watch, at }) => {
  watch.allowAnswer(400, /\/alert-rules\/storageNearFull/);
  await page.goto(at('alerts/rules'));
  const row = page.getByRole('row').filter({ hasText: 'storageNearFull' });
  await row.getByRole('button', { name: 'Change' }).click();
  const form = page.getByRole('dialog', { name: 'Change the rule storageNearFull' });
  await form.getByLabel('An object may hold (bytes)').fill('5');
  await form.getByRole('button', { name: 'Save' }).click();
  await expect(form.getByText(/objectBytes is a whole number/)).toBeVisible();
  await form.getByLabel('An object may hold (bytes)').fill('1000000000');
  await form.getByLabel('Severity').selectOption('error');
  await form.getByRole('button', { name: 'Save' }).click();
  await expect(row).toContainText('Error');
  await row.getByRole('button', { name: 'As built in' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'As built in' }).click();
  await expect(row).toContainText('Warning');
  await expect(row.getByRole('button', { name: 'As built in' })).toHaveCount(0);
});
