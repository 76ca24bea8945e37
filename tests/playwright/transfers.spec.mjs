// Moving a registry: export, edit, dry run, import, and what was refused.
import { readFileSync } from 'node:fs';
import { expect, expectAccessible, picture, test } from './fixtures.mjs';
import { dark, expectKorean, korean } from './languages.mjs';

const ENGLISH_WORDS = /\b(Import|Export|Job|Line|Column|Reason|Create|Change|Delete|Error|Conflict|Done|Refused|Progress|Started|Completed|File|Keys|Download)\b/;

const rows = (page) => page.getByRole('group', { name: 'Jobs' }).locator('tr.record');

/** The job's row once it is over. */
async function completed(page, kind) {
  const row = rows(page).filter({ hasText: kind }).first();
  await expect(row).toContainText('Completed', { timeout: 60_000 });
  return row;
}

test('a registry is exported, edited, checked and imported again', async ({ page, emptyHub, makeDevice, service, at }) => {
  test.setTimeout(240_000);
  for (const id of ['moved-1', 'moved-2', 'moved-3']) await makeDevice(id);
  await service.patchTwin('moved-1', { tags: { site: 'bergen' } });
  const { primaryKey } = (await service.device('moved-1')).authentication.symmetricKey;
  let exported;

  await test.step('an export without keys, which is the default', async () => {
    await page.goto(at('transfers'));
    await page.getByRole('button', { name: 'Export' }).click();
    const dialog = page.getByRole('dialog', { name: 'Export the registry' });
    await expect(dialog.getByRole('radio', { name: /^Without keys/ })).toBeChecked();
    await expect(dialog.getByRole('radio', { name: /^Without keys/ })).toBeFocused();
    await picture(page, 'export');
    await expectAccessible(page, 'export dialog');
    await dialog.getByRole('button', { name: 'Start export' }).click();
    const row = await completed(page, 'Export');
    await expect(row).toContainText('100 %');
    await row.getByRole('button').click();
    await expect(page).toHaveURL(/job=/);
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download file' }).click();
    const file = await saved;
    expect(file.suggestedFilename()).toMatch(/^devices-\d{8}-\d{6}-[0-9a-f]{4}\.txt$/);
    exported = readFileSync(await file.path(), 'utf8');
    expect(exported).toContain('moved-3');
    expect(exported).not.toContain(primaryKey);
    await picture(page, 'transfers-export');
    await expectAccessible(page, 'finished export');
  });

  const identities = exported.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line)).filter(({ id }) => id.startsWith('moved-'));
  expect(identities.map(({ id }) => id).sort()).toEqual(['moved-1', 'moved-2', 'moved-3']);
  const lines = [
    JSON.stringify({ id: 'moved-1', importMode: 'updateTwin', tags: { site: 'stavanger' } }),
    JSON.stringify({ id: 'moved-new', importMode: 'create', status: 'enabled', tags: { site: 'utsira' } }),
    '{"id": "moved-4", "status": enabled}',
    JSON.stringify({ id: 'moved-2', importMode: 'create', status: 'enabled' }),
  ];
  const edited = { name: 'devices.txt', mimeType: 'text/plain', buffer: Buffer.from(lines.join('\n')) };

  await test.step('a dry run tells of bad lines and changes nothing', async () => {
    await page.goto(at('transfers'));
    await page.getByRole('main').getByRole('link', { name: 'Import' }).click();
    await expect(page.getByRole('heading', { name: 'Import a file', level: 1 })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Start import' })).toHaveAttribute('aria-disabled', 'true');
    await page.getByRole('button', { name: 'File to import' }).setInputFiles(edited);
    const result = page.getByRole('region', { name: 'What the import would do' });
    await expect(result.getByRole('listitem').filter({ hasText: 'Create' })).toHaveText(/^1/);
    await expect(result.getByRole('listitem').filter({ hasText: 'Change' })).toHaveText(/^1/);
    const bad = result.getByRole('row').filter({ has: page.getByRole('rowheader', { name: '3', exact: true }) });
    await expect(bad.getByRole('cell').first(), 'the column is told').toHaveText(/^\d+$/);
    await expect(result.getByRole('row').filter({ hasText: 'moved-2' })).toContainText('409');
    await picture(page, 'import-checked');
    await expectAccessible(page, 'checked import');
    const all = (await service.request('GET', '/devices')).map(({ deviceId }) => deviceId);
    expect(all).not.toContain('moved-new');
  });

  await test.step('the import runs and leaves a log', async () => {
    await page.getByRole('button', { name: 'Start import' }).click();
    const question = page.getByRole('dialog', { name: 'Import devices.txt?' });
    await expect(question).toContainText('creates 1, changes 1 and deletes 0 identities');
    await expectAccessible(page, 'import question');
    await question.getByRole('button', { name: 'Start import' }).click();
    await expect(page).toHaveURL(/transfers\?job=/);
    const row = await completed(page, 'Import');
    await expect(row.getByRole('cell').nth(3)).toHaveText('2');
    await expect(row.getByRole('cell').nth(4)).toHaveText('2');
    const log = page.getByRole('group', { name: 'Refused lines' });
    await expect(log.getByRole('rowheader')).toHaveText(['3', '4']);
    await picture(page, 'transfers');
    await expectAccessible(page, 'finished import');
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download log' }).click();
    expect(readFileSync(await (await saved).path(), 'utf8').trim().split('\n')).toHaveLength(2);
    expect((await service.twin('moved-1')).tags.site).toBe('stavanger');
    expect((await service.twin('moved-new')).tags.site).toBe('utsira');
  });

  await test.step('in Korean and in the dark', async () => {
    await korean(page);
    await expect(page.getByRole('heading', { name: '가져오기 및 내보내기', level: 1 })).toBeVisible();
    await page.getByRole('heading', { name: '거부된 줄' }).waitFor();
    await picture(page, 'korean-transfers-job');
    await expectAccessible(page, 'job in Korean');
    await page.goto(at('transfers/import'));
    await page.getByRole('button', { name: '가져올 파일' }).setInputFiles(edited);
    await expect(page.getByRole('heading', { name: '가져오기 결과 예상' })).toBeVisible();
    await dark(page);
    await picture(page, 'dark-korean-import');
    await expectAccessible(page, 'checked import in the dark');
    await page.goto(at('transfers'));
    await expect(page.getByText('완료됨').first()).toBeVisible();
    await expectKorean(page, 'transfers', ENGLISH_WORDS);
  });
});

test('a table can be checked, and another job is explained', async ({ page, at, watch }) => {
  await page.goto(at('transfers/import'));
  const table = 'id,status,tags.site\ntabled-1,enabled,bergen\n,enabled,bergen\n';
  await page.getByRole('button', { name: 'File to import' }).setInputFiles({ name: 'fleet.csv', mimeType: 'text/csv', buffer: Buffer.from(table) });
  await expect(page.getByRole('listitem').filter({ hasText: 'Create' })).toHaveText(/^1/);
  await expect(page.getByRole('button', { name: 'Start import' })).toHaveAttribute('title', /can be checked, not imported/);

  watch.allowAnswer(403, /\/jobs\/create$/);
  await page.route('**/jobs/create?*', (route) => route.fulfill({ status: 403, json: { Message: 'ErrorCode:JobQuotaExceeded;Job quota has been exceeded' } }));
  await page.goto(at('transfers'));
  await page.getByRole('button', { name: 'Export' }).click();
  await page.getByRole('button', { name: 'Start export' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'Another job is under way' })).toBeVisible();
  await expectAccessible(page, 'another job');
});

test('a job under way is watched and stopped; a role that may not sees why', async ({ page, at }) => {
  let status = 'running';
  let progress = 40;
  const job = () => ({
    jobId: 'job-1', type: 'import', status, progress, startTimeUtc: new Date().toISOString(), inputBlobName: 'devices.txt',
    outputBlobName: 'importErrors.log', excludeKeysInExport: false, failureReason: null, succeededCount: 1200, failedCount: 3,
  });
  await page.route(/\/jobs\?api-version/, (route) => route.fulfill({ json: [job()] }));
  await page.route(/\/jobs\/job-1\?/, (route) => {
    status = 'cancelled';
    return route.fulfill({ status: 204 });
  });
  await page.goto(at('transfers?job=job-1'));
  await expect(page.getByRole('meter', { name: 'Import, 40 percent' })).toBeVisible();
  progress = 55;
  await expect(page.getByRole('meter', { name: 'Import, 55 percent' }), 'it is polled').toBeVisible();
  await expect(page.getByRole('button', { name: 'Export' })).toHaveAttribute('aria-disabled', 'true');
  await page.getByRole('button', { name: 'Stop job' }).click();
  const question = page.getByRole('dialog', { name: 'Stop this import?' });
  await expect(question).toContainText('imported until now (1,200)');
  await picture(page, 'transfers-cancel');
  await question.getByRole('button', { name: 'Stop job' }).click();
  await expect(rows(page).filter({ hasText: 'Stopped' })).toBeVisible();

  await page.route('**/api/v1/session', (route) => route.fulfill({ json: { name: 'ada', role: 'operator', expiresAt: null } }));
  await page.reload();
  for (const name of ['Export', 'Import']) {
    await expect(page.getByRole('button', { name, exact: true })).toHaveAttribute('title', 'Your role lacks hub/manage');
  }
});
