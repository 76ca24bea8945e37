// What a twin was: who changed it, what differs, and the way back.
import { expect, expectAccessible, picture, test } from './fixtures.mjs';
import { dark, expectKorean, korean } from './languages.mjs';

const ID = 'remembered-1';
const ENGLISH_WORDS = /\b(Changes|When|Version|Who|Through|Sections|Change|Tags|Desired properties|Reported|Device|Compare|Present|Back end)\b/;

test('changes are seen, compared and taken back', async ({ page, emptyHub, makeDevice, service, at }) => {
  test.setTimeout(150_000);
  const device = await makeDevice(ID);
  await device.connect();
  const first = await service.patchTwin(ID, { tags: { site: 'oslo' }, properties: { desired: { hz: 5, mode: 'eco' } } });
  await expect.poll(async () => (await service.twin(ID)).properties.reported.hz).toBe(5);
  await service.patchTwin(ID, { tags: { site: 'bergen' }, properties: { desired: { hz: 9 } } });
  await expect.poll(async () => (await service.twin(ID)).properties.reported.hz).toBe(9);

  await page.goto(at(`devices/${ID}`));
  await page.getByRole('navigation', { name: 'Device sections' }).getByRole('link', { name: 'History' }).click();
  const table = page.getByRole('group', { name: 'Changes of the twin' });
  const rows = table.locator('tr.record');

  await test.step('who changed what', async () => {
    await expect(rows).toHaveCount(4);
    await expect(rows.first()).toContainText('Device');
    await expect(rows.nth(1)).toContainText('bergen');
    await expect(rows.nth(1)).toContainText('Back end');
    await expect(rows.nth(1)).toContainText('iothubowner');
    await page.getByLabel('Section', { exact: true }).selectOption('tags');
    await expect(page).toHaveURL(/section=tags/);
    await expect(rows).toHaveCount(2);
    await page.getByLabel('Section', { exact: true }).selectOption('');
    await picture(page, 'history');
    await expectAccessible(page, 'history');
  });

  await test.step('what a change did, and how it differs from the present', async () => {
    await page.getByRole('button', { name: `show version ${first.version}` }).click();
    await expect(page).toHaveURL(new RegExp(`version=${first.version}`));
    const difference = table.getByRole('group').filter({ hasText: 'oslo' });
    await expect(difference).toContainText('"mode": "eco"');
    await page.getByRole('button', { name: 'The present' }).click();
    await expect(page).toHaveURL(/against=present/);
    await expect(table.locator('.diff .del').filter({ hasText: 'bergen' })).toBeVisible();
    await expect(table.locator('.diff .add').filter({ hasText: 'oslo' })).toBeVisible();
    await picture(page, 'history-version');
    await expectAccessible(page, 'version of a twin');
  });

  await test.step('in Korean and in the dark', async () => {
    await korean(page);
    await expect(page.getByRole('heading', { name: '트윈 변경 이력' })).toBeVisible();
    await expectKorean(page, 'history', ENGLISH_WORDS);
    await dark(page);
    await picture(page, 'dark-korean-history');
    await page.getByLabel(/^(Display settings|표시 설정)$/).click();
    await page.getByRole('button', { name: 'English' }).click();
    await page.keyboard.press('Escape');
  });

  await test.step('back to it: a new version, pushed to the device', async () => {
    await page.getByRole('button', { name: `Go back to version ${first.version}` }).click();
    const question = page.getByRole('dialog', { name: `Go back to version ${first.version}?` });
    await expect(question).toContainText('What the device reported stays');
    await expectAccessible(page, 'going back');
    await question.getByRole('button', { name: `Go back to version ${first.version}` }).click();
    await expect.poll(async () => (await service.twin(ID)).tags.site).toBe('oslo');
    await expect.poll(async () => (await service.twin(ID)).properties.reported.hz).toBe(5);
    await expect(rows).toHaveCount(6);
    await expect(page.getByText('Nothing differs.')).toBeVisible();
    await expect(page.getByRole('button', { name: `Go back to version ${first.version}` })).toHaveAttribute('title', 'Tags and desired properties are as they were then');
  });
});
