// Throttles: what is left, what was refused, and changing them.
import { expect, expectAccessible, picture, test } from './fixtures.mjs';
import { dark, expectKorean, korean } from './languages.mjs';

const ENGLISH_WORDS = /\b(Limits|Class|Identities|Queries|Refused|Units|Change|Left|Jobs|Configurations|Twin)\b/;

const row = (page, name) => page.getByRole('row').filter({ hasText: name });

test.afterEach(async ({ service }) => {
  await service.request('PUT', '/api/v1/throttles', { units: 1 });
});

test('limits are changed, reached and set back', async ({ page, service, at }) => {
  test.setTimeout(150_000);
  await page.goto(at('limits'));
  await expect(page.getByText('1 unit', { exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Back to defaults' })).toHaveAttribute('aria-disabled', 'true');
  const use = page.getByRole('region', { name: 'Use' });
  await expect(use).toContainText(/\d of 300,000,000/);
  await expect(use.getByRole('row').filter({ hasText: 'registry-0' })).toContainText(/[KM]B/);
  await expectAccessible(page, 'limits');

  await test.step('units multiply every class', async () => {
    await page.getByRole('button', { name: 'Change units' }).click();
    const question = page.getByRole('dialog', { name: 'Change the units?' });
    await question.getByLabel('Units, 1 to 10,000').fill('0');
    await expect(question.getByText('A whole number from 1 to 10,000')).toBeVisible();
    await question.getByLabel('Units, 1 to 10,000').fill('3');
    await expectAccessible(page, 'units');
    await question.getByRole('button', { name: 'Apply' }).click();
    await expect(page.getByText('3 units', { exact: true })).toBeVisible();
    await expect(row(page, 'twinUpdates')).toContainText('45,000');
  });

  await test.step('a class is set, and over its limit the hub answers 429', async () => {
    await page.getByRole('button', { name: 'Change the limit of Queries' }).click();
    const question = page.getByRole('dialog', { name: 'Change the limit of “Queries”?' });
    await question.getByLabel('Operations a minute').fill('1');
    await question.getByLabel('Operations at once').fill('1');
    await picture(page, 'limits-set');
    await question.getByRole('button', { name: 'Apply' }).click();
    await expect(row(page, 'queries')).toContainText('Set by hand');
    const query = () => service.request('POST', '/devices/query', { query: 'SELECT * FROM devices' }).then(() => 200, (error) => Number(/: (\d{3}) /.exec(error.message)[1]));
    await expect.poll(query, { timeout: 30_000 }).toBe(429);
    await page.getByRole('button', { name: 'Refresh' }).click();
    await expect(row(page, 'queries').locator('.bad-text')).toHaveText(/^[1-9]/);
    await expect(page.getByRole('meter', { name: /^Queries: 0 of 1 left$/ })).toBeVisible();
    await picture(page, 'limits');
    await expectAccessible(page, 'limits with refusals');
  });

  await test.step('in Korean and in the dark', async () => {
    await korean(page);
    await expect(page.getByText('직접 설정')).toBeVisible();
    await expectKorean(page, 'limits', ENGLISH_WORDS);
    await dark(page);
    await picture(page, 'dark-korean-limits');
    await expectAccessible(page, 'limits in the dark');
  });

  await test.step('back, one class and then all', async () => {
    await page.getByRole('button', { name: '쿼리 한도를 단위에 맞추기' }).click();
    await page.getByRole('dialog').getByRole('button', { name: '단위에 맞추기' }).click();
    await expect(row(page, 'queries')).toContainText('3,000');
    await page.getByRole('button', { name: '기본값으로 되돌리기' }).click();
    await page.getByRole('dialog').getByRole('button', { name: '기본값으로 되돌리기' }).click();
    await expect(page.getByText('1단위', { exact: true })).toBeVisible();
  });
});
