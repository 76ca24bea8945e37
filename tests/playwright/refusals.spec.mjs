// Refused connections: who, when, why, and from where they are found.
import { expect, expectAccessible, picture, test } from './fixtures.mjs';
import { dark, expectKorean, korean } from './languages.mjs';

const ENGLISH_WORDS = /\b(Refused|Device|Reason|Protocol|When|Code|Records|Filters)\b/;

test('a device with a wrong key is found with its reason', async ({ page, makeDevice, at }) => {
  test.setTimeout(120_000);
  const id = 'refused-pump-1';
  const device = await makeDevice(id);
  device.key = Buffer.alloc(32).toString('base64');
  for (let attempt = 0; attempt < 3; attempt += 1) await device.connect().then(() => { throw new Error('must be refused'); }, () => {});

  await page.goto(at(`devices/${id}`));
  const doctor = page.getByRole('region', { name: 'Connection doctor' });
  await expect(doctor).toContainText('Refused: wrong credentials');
  await expect(doctor).toContainText('Compare host name, device id and key');
  await picture(page, 'device-doctor');
  await expectAccessible(page, 'connection doctor');
  await page.getByRole('region', { name: 'Connection' }).getByRole('link', { name: 'Refused connections' }).click();
  await expect(page).toHaveURL(/operations\?device=refused-pump-1/);
  const records = page.getByRole('row').filter({ hasText: id });
  await expect(records).toHaveCount(3);
  await expect(records.first()).toContainText('Mqtt');
  await expect(records.first()).toContainText('401003');
  await picture(page, 'operations');
  await expectAccessible(page, 'refused connections');
  await page.getByLabel('Time', { exact: true }).selectOption('hour');
  await expect(page).toHaveURL(/period=hour/);
  await expect(records).toHaveCount(3);
  await page.getByLabel('Device id, in full').fill('nobody-there');
  await expect(page.getByRole('heading', { name: 'No record matches' })).toBeVisible();
  await expectAccessible(page, 'no refused connection matches');
  await page.getByRole('button', { name: 'Clear filters' }).last().click();
  await expect(page).toHaveURL(/\/operations$/);
  await korean(page);
  await dark(page);
  await expect(records).toHaveCount(3);
  await picture(page, 'dark-korean-operations');
  await expectKorean(page, 'refused connections', ENGLISH_WORDS);
});

test('older records are on further pages', async ({ page, at }) => {
  const record = (number) => ({
    time: '2026-03-01T10:00:00Z', category: 'Connections', operationName: 'deviceConnect', level: 'Error', resultType: '401003',
    resultDescription: 'no such identity', deviceId: `stranger-${number}`, moduleId: null, protocol: 'Mqtt', suppressed: number, chain: 'registry-0', number,
  });
  await page.route(/\/api\/v1\/operations\?/, (route) => {
    const second = route.request().url().includes('cursor=next');
    return route.fulfill({ json: { records: [record(second ? 1 : 40)], cursor: second ? null : 'next' } });
  });
  await page.goto(at('operations'));
  await expect(page.getByRole('row').filter({ hasText: 'stranger-40' })).toBeVisible();
  await page.getByRole('button', { name: 'Next page' }).click();
  await expect(page.getByRole('row').filter({ hasText: 'stranger-1' })).toBeVisible();
  await expect(page.getByText('Page 2')).toBeVisible();
  await page.goBack();
  await expect(page.getByRole('row').filter({ hasText: 'stranger-40' })).toBeVisible();
});
