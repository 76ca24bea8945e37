// How far devices are with an operation, as it changes.
import { expect, expectAccessible, picture, test } from './fixtures.mjs';
import { dark, expectKorean, korean } from './languages.mjs';

const ENGLISH_WORDS = /\b(Progress|Operation|Succeeded|Failed|Stalled|Downloading|Waiting|devices?|Group|Not started)\b/;

/** A device reports how its firmware update stands. */
const report = (device, status) => device.report({ iothubDM: { firmwareUpdate: { status } } });

test('r15: a supervisor sees a firmware step fail within five seconds, without a reload', async ({ page, service, makeDevice, emptyHub, at }) => {
  test.setTimeout(150_000);
  const fleet = [];
  for (const [id, site] of [['fw-1', 's1'], ['fw-2', 's1'], ['fw-3', 's2']]) {
    const device = await makeDevice(id);
    await device.connect();
    await service.patchTwin(id, { tags: { site } });
    fleet.push(device);
  }
  await report(fleet[0], 'downloading');
  await report(fleet[1], 'rebooted');
  await page.goto(at('progress'));
  const phase = (name) => page.getByRole('listitem').filter({ hasText: name }).getByRole('strong').or(page.getByRole('listitem').filter({ hasText: name }).locator('b'));
  await expect(page.getByText('3 devices')).toBeVisible();
  await expect(phase('Downloading')).toHaveText('1');
  await expect(phase('Not started')).toHaveText('1');
  const s1 = page.getByRole('row').filter({ hasText: 's1' });
  await expect(s1.getByRole('cell').first()).toHaveText('2');
  await picture(page, 'progress');
  await expectAccessible(page, 'progress');

  await report(fleet[0], 'downloadFailed');
  await expect(phase('Failed')).toHaveText('1', { timeout: 5_000 });
  await expect(s1.locator('.bad-text')).toHaveText('1', { timeout: 5_000 });

  await page.getByLabel(/^Condition/).fill("tags.site = 's2'");
  await expect(page.getByText('1 device', { exact: true })).toBeVisible();
  await expect(page).toHaveURL(/where=tags/);
  await page.getByLabel(/^Condition/).fill("tags.site = 'nowhere'");
  await expect(page.getByRole('heading', { name: 'No device is in it' })).toBeVisible();
  await page.getByLabel(/^Condition/).fill('');
  await page.getByLabel('Operation').selectOption('reboot');
  await expect(page).toHaveURL(/pattern=reboot/);
  await expect(phase('Not started')).toHaveText('3');

  await korean(page);
  await dark(page);
  await expect(page.getByText('디바이스 3대')).toBeVisible();
  await picture(page, 'dark-korean-progress');
  await expectKorean(page, 'progress', ENGLISH_WORDS);
});
