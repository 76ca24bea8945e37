// The query workbench: asking, seeing what it costs, taking the results along.
import { readFileSync } from 'node:fs';
import { expect, expectAccessible, picture, test } from './fixtures.mjs';
import { dark, expectKorean, korean } from './languages.mjs';

const ENGLISH_WORDS = /\b(Query|Run|Examples|Recent|Columns|results?|match|Use as|same call|Show more)\b/;

test('the fleet is asked, and the results are taken along', async ({ page, watch, service, makeDevice, emptyHub, at }) => {
  test.setTimeout(120_000);
  watch.allowAnswer(400, /\/devices\/query/);
  for (const [id, site] of [['q-1', 's1'], ['q-2', 's1'], ['q-3', 's2']]) {
    await makeDevice(id);
    await service.patchTwin(id, { tags: { site } });
  }
  await page.goto(at('query'));
  await expect(page.getByRole('heading', { name: 'Nothing was asked yet' })).toBeVisible();
  await expectAccessible(page, 'query before the first one');
  // By what it is: its name is in Korean later.
  const editor = page.locator('textarea');

  await test.step('an example', async () => {
    await page.getByLabel('Examples').selectOption('all');
    await page.getByRole('button', { name: 'Run' }).click();
    await expect(page.getByRole('status').filter({ hasText: '3 results' })).toContainText('3 match in all');
    await expect(page.getByRole('columnheader')).toHaveText(['deviceId', 'connectionState', 'lastActivityTime', 'tags', 'properties.reported'], { timeout: 5_000 });
    await picture(page, 'query');
    await expectAccessible(page, 'query');
  });

  await test.step('columns of one\'s own are in the address', async () => {
    await page.getByLabel(/^Paths with commas/).fill('deviceId, tags.site');
    await expect(page).toHaveURL(/columns=deviceId/);
    await expect(page.getByRole('row').filter({ hasText: 'q-3' }).getByRole('cell')).toHaveText(['q-3', 's2']);
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save the results shown as CSV' }).click()]);
    expect(download.suggestedFilename()).toMatch(/^query-.*\.csv$/);
    expect(readFileSync(await download.path(), 'utf8')).toBe('deviceId,tags.site\r\nq-1,s1\r\nq-2,s1\r\nq-3,s2\r\n');
    await page.reload();
    await expect(page.getByRole('columnheader')).toHaveText(['deviceId', 'tags.site']);
  });

  await test.step('groups, by keyboard', async () => {
    await editor.fill("SELECT tags.site AS site, COUNT() AS devices FROM devices GROUP BY tags.site");
    await editor.press('Control+Enter');
    await page.getByLabel(/^Paths with commas/).fill('');
    await expect(page.getByRole('row').filter({ hasText: 's1' }).getByRole('cell')).toHaveText(['s1', '2']);
    await expect(page.getByRole('link', { name: 'Use as job target' })).toHaveCount(0);
  });

  await test.step('what is wrong is told with its place', async () => {
    await editor.fill('SELECT * FROM devices\nWHERE tags.site = =');
    await editor.press('Control+Enter');
    await expect(page.getByText(/^Line 2, column \d+/)).toBeVisible();
    await expectAccessible(page, 'a query with a mistake');
  });

  await test.step('a job for the same devices', async () => {
    await editor.fill("SELECT * FROM devices WHERE tags.site = 's1'");
    await editor.press('Control+Enter');
    await expect(page.getByRole('status').filter({ hasText: '2 results' })).toBeVisible();
    await page.getByText('The same call').click();
    await expect(page.locator('.command code')).toContainText('curl -X POST');
    await page.getByRole('button', { name: 'Python' }).click();
    await expect(page.locator('.command code')).toContainText('QuerySpecification');
    await page.getByRole('link', { name: 'Use as job target' }).click();
    await expect(page).toHaveURL(/schedule\?condition=tags\.site/);
    await page.goBack();
    await expect(page.getByRole('status').filter({ hasText: '2 results' })).toBeVisible();
  });

  await test.step('in Korean and in the dark', async () => {
    await korean(page);
    await dark(page);
    await expect(page.getByText('결과 2건')).toBeVisible();
    await picture(page, 'dark-korean-query');
    await expectKorean(page, 'query', ENGLISH_WORDS);
  });

  await test.step('what was asked before is remembered here', async () => {
    await page.getByLabel('최근 쿼리').selectOption({ index: 1 });
    await expect(editor).not.toHaveValue('');
  });
});

test('more results are shown on demand', async ({ page, at }) => {
  const rows = (from, to) => Array.from({ length: to - from }, (_, n) => ({ n: from + n, name: `row ${from + n}` }));
  await page.route(/\/devices\/query/, (route) => {
    const second = route.request().headers()['x-ms-continuation'] === 'next';
    return route.fulfill({ json: second ? rows(100, 120) : rows(0, 100), headers: second ? {} : { 'x-ms-continuation': 'next' } });
  });
  await page.goto(at('query?q=SELECT%20n%2C%20name%20FROM%20devices'));
  await expect(page.getByText('100 results, and there are more')).toBeVisible();
  await page.getByRole('button', { name: 'Show more' }).click();
  await expect(page.getByText('120 results')).toBeVisible();
  await expect(page.getByRole('row').filter({ hasText: 'row 119' })).toBeAttached();
  await expect(page.getByText('That is all.')).toBeVisible();
});
