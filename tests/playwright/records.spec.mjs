// What outlives a change: the audit and its proof, modules, retirement and the archive.
import { readFileSync } from 'node:fs';
import { expect, expectAccessible, picture, test } from './fixtures.mjs';
import { dark, expectKorean as expectWords, korean } from './languages.mjs';

const main = (page) => page.getByRole('navigation', { name: 'Main' });

/** English words that must be gone in Korean: they name things, they are no product names. */
const ENGLISH_WORDS = /\b(Audit|Archive|Record|Verify|Export|Device|Module|Retire|Restore|Erase|Reason|Time|Result|Target|Intact|Broken|Loading|Identity|Document)\b/;

const expectKorean = (page, screen) => expectWords(page, screen, ENGLISH_WORDS);

/** A device with a twin, changed twice, and one refused attempt. */
async function furnish(service, makeDevice, id) {
  await makeDevice(id);
  await service.patchTwin(id, { tags: { site: 'bergen' }, properties: { desired: { interval: 30, mode: 'day' } } });
  await service.patchTwin(id, { properties: { desired: { interval: 60 } } });
  await service.createDevice(id).then(() => { throw new Error('must be refused'); }, () => {});
}

test('the audit tells who changed what, shows refusals, and proves itself', async ({ page, service, makeDevice, at }) => {
  test.setTimeout(180_000);
  const id = 'audited-pump-1';
  await furnish(service, makeDevice, id);
  await page.goto(at(''));
  await main(page).getByRole('link', { name: 'Audit' }).click();
  await expect(page.getByRole('heading', { name: 'Audit', level: 1 })).toBeVisible();

  await test.step('filters stand in the address', async () => {
    await page.getByLabel('Device id').fill(id);
    await expect(page).toHaveURL(/device=audited-pump-1/);
    const rows = page.getByRole('row').filter({ hasText: id });
    await expect(rows).toHaveCount(4);
    await expect(rows.filter({ hasText: 'DeviceAlreadyExists' })).toHaveClass(/refused/);
    await expect(rows.filter({ hasText: 'Device created' })).toContainText('iothubowner');
    await picture(page, 'audit');
    await expectAccessible(page, 'audit');
    await page.getByLabel('Action').selectOption('updateTwin');
    await expect(rows).toHaveCount(2);
    await page.getByLabel('Time', { exact: true }).selectOption('between');
    await expect(page.getByLabel('From', { exact: true })).not.toHaveValue('');
    await expect(rows).toHaveCount(2);
    await page.getByLabel('Until', { exact: true }).fill('2020-01-01T00:00');
    await expect(page.getByRole('heading', { name: 'No record matches' })).toBeVisible();
    await expectAccessible(page, 'audit without a match');
    await page.getByRole('button', { name: 'Clear filters' }).last().click();
    await expect(page).toHaveURL(/\/audit$/);
  });

  await test.step('a record opens with what stood there before and after', async () => {
    await page.goto(at(`audit?device=${id}&action=updateTwin`));
    const record = page.getByRole('button', { name: /show what Twin changed changed/ }).first();
    await expect(record).toBeVisible();
    await page.keyboard.press('j');
    await expect(record).toBeFocused();
    await record.press('Enter');
    await expect(record).toHaveAttribute('aria-expanded', 'true');
    const difference = page.getByRole('group', { name: 'Difference, old against new' });
    await expect(difference).toContainText('"interval": 30');
    await expect(difference).toContainText('"interval": 60');
    await picture(page, 'audit-record');
    await expectAccessible(page, 'open record');
    await page.reload();
    await expect(difference, 'the address opens it again').toContainText('"interval": 60');
  });

  await test.step('the record is verified', async () => {
    await page.goto(at(`audit?device=${id}`));
    await page.getByRole('button', { name: 'Verify record' }).click();
    const proof = page.getByRole('region', { name: 'The record is intact' });
    await expect(proof).toBeVisible();
    await expect(proof.getByRole('rowheader', { name: 'hub', exact: true })).toBeVisible();
    await picture(page, 'audit-verified');
    await expectAccessible(page, 'verified record');
  });

  await test.step('what is shown is exported', async () => {
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: /^Export as JSON/ }).click();
    const file = await saved;
    expect(file.suggestedFilename()).toMatch(/^audit-.*\.json$/);
    const records = JSON.parse(readFileSync(await file.path(), 'utf8'));
    expect(records).toHaveLength(4);
    expect(records[0]).toMatchObject({ deviceId: id, result: 'DeviceAlreadyExists' });
  });

  await test.step('in Korean and in the dark', async () => {
    await page.goto(at(`audit?device=${id}`));
    await korean(page);
    await page.getByRole('button', { name: '기록 검증' }).click();
    await expect(page.getByRole('region', { name: '기록이 온전합니다' })).toBeVisible();
    await picture(page, 'korean-audit');
    await expectKorean(page, 'audit');
    await dark(page);
    await page.getByRole('button', { name: /트윈 변경 변경 내용 보기/ }).first().click();
    await expect(page.getByText('변경 전 → 후')).toBeVisible();
    await picture(page, 'dark-korean-audit-record');
    await expectAccessible(page, 'open record in the dark');
  });
});

test('a broken chain is shown as what it is, and an error has a way out', async ({ page, at, watch }) => {
  await page.route('**/api/v1/audit/verify', (route) => route.fulfill({ json: {
    intact: false,
    chains: [
      { chain: 'hub', intact: true, records: 2, brokenAt: null, head: { number: 2, hash: 'ab'.repeat(32) } },
      { chain: 'registry-0', intact: false, records: 31, brokenAt: 17, head: { number: 31, hash: 'cd'.repeat(32) } },
    ],
  } }));
  await page.goto(at('audit'));
  await page.getByRole('button', { name: 'Verify record' }).click();
  const proof = page.getByRole('region', { name: 'The record was tampered with' });
  await expect(proof.getByRole('row').filter({ hasText: 'registry-0' })).toContainText('from number 17 on');
  await picture(page, 'audit-broken');
  await expectAccessible(page, 'broken record');

  const LIST = /\/api\/v1\/audit(\?|$)/;
  watch.allowAnswer(503, LIST);
  await page.route(LIST, (route) => route.fulfill({ status: 503, json: { Message: 'ErrorCode:ServiceUnavailable;Later' } }));
  await page.goto(at('audit?device=nobody'));
  await expect(page.getByRole('alert').filter({ hasText: 'This could not be loaded' })).toBeVisible();
  await page.unroute(LIST);
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('heading', { name: 'No record matches' })).toBeVisible();
});

test('older records load one page after the other', async ({ page, service, makeDevice, at }) => {
  const id = 'audited-often-1';
  await makeDevice(id);
  for (let number = 0; number < 55; number += 1) await service.patchTwin(id, { tags: { number } });
  await page.goto(at(`audit?device=${id}`));
  await expect(page.getByText('the latest 50 records')).toBeVisible();
  await page.getByRole('button', { name: 'Load more' }).click();
  await expect(page.getByText('That is all.')).toBeVisible();
  await expect(page.getByText('56 records')).toBeVisible();
});

test('modules are created, handed over and deleted', async ({ page, service, makeDevice, at, watch, context, ready }) => {
  test.setTimeout(120_000);
  const id = 'modular-1';
  await makeDevice(id);
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(ready.url).origin });
  await page.goto(at(`devices/${id}`));
  await page.getByRole('navigation', { name: 'Device sections' }).getByRole('link', { name: 'Modules' }).click();
  await expect(page.getByRole('heading', { name: 'No module yet' })).toBeVisible();
  await picture(page, 'modules-empty');
  await expectAccessible(page, 'no modules');

  await page.getByRole('button', { name: 'Add module' }).click();
  const dialog = page.getByRole('dialog', { name: `Add a module to ${id}` });
  await expect(dialog.getByLabel('Module id')).toBeFocused();
  await dialog.getByLabel('Module id').fill('$edgeHub');
  await expect(dialog.getByText('This name belongs to the edge runtime.')).toBeVisible();
  await dialog.getByLabel('Module id').fill('two words');
  await expect(dialog.getByText('“ ” cannot be part of an id.')).toBeVisible();
  await dialog.getByLabel('Module id').fill('filter');
  await dialog.getByLabel('Managed by').fill('plant team');
  await expectAccessible(page, 'create module');
  await dialog.getByRole('button', { name: 'Create' }).click();
  await expect(page.getByRole('dialog', { name: 'filter is ready' })).toBeVisible();
  await picture(page, 'module-created');
  await page.getByRole('button', { name: 'Done' }).click();

  const row = page.getByRole('row').filter({ hasText: 'plant team' });
  await expect(row).toContainText('Symmetric keys');
  const { primaryKey } = (await service.request('GET', `/devices/${id}/modules/filter`)).authentication.symmetricKey;
  await row.getByRole('button', { name: 'Copy the connection string of filter' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(`HostName=${service.hostName};DeviceId=${id};ModuleId=filter;SharedAccessKey=${primaryKey}`);
  await row.getByRole('button', { name: /keys of filter/ }).click();
  await expect(page).toHaveURL(/module=filter/);
  expect(await page.locator('body').innerText(), 'keys are masked').not.toContain(primaryKey);
  await picture(page, 'modules');
  await expectAccessible(page, 'modules');

  watch.allowAnswer(409, /modules\/filter$/);
  await page.getByRole('button', { name: 'Add module' }).click();
  await dialog.getByLabel('Module id').fill('filter');
  await dialog.getByRole('button', { name: 'Create' }).click();
  await expect(dialog.getByText('already has a module of that name')).toBeVisible();
  await dialog.getByRole('button', { name: 'Cancel' }).click();

  await row.getByRole('button', { name: 'Delete filter' }).click();
  const confirm = page.getByRole('dialog', { name: 'Delete the module filter?' });
  await expectAccessible(page, 'delete module');
  await confirm.getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('heading', { name: 'No module yet' })).toBeVisible();
});

test('modules of the edge runtime stay, and say why', async ({ page, service, makeDevice, at }) => {
  const id = 'edge-1';
  await makeDevice(id);
  const device = await service.device(id);
  await service.request('PUT', `/devices/${id}`, { ...device, capabilities: { iotEdge: true } }, { 'If-Match': '*' });
  await page.goto(at(`devices/${id}/modules`));
  const remove = page.getByRole('button', { name: 'Delete $edgeAgent' });
  await expect(remove).toHaveAttribute('aria-disabled', 'true');
  await expect(remove).toHaveAttribute('title', /belongs to the edge runtime/);
  await korean(page);
  await picture(page, 'korean-modules');
  await expectKorean(page, 'modules');
});

test('a device is retired, looked up in the archive, restored, and erased', async ({ page, service, makeDevice, at }) => {
  test.setTimeout(240_000);
  const id = 'retired-pump-1';
  await furnish(service, makeDevice, id);
  await service.request('PUT', `/devices/${id}/modules/filter`, {});

  await test.step('the dialog says what will happen and asks for the id', async () => {
    await page.goto(at(`devices/${id}`));
    await page.getByRole('button', { name: 'Retire', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: `Retire ${id}?` });
    await expect(dialog.getByLabel('Why it is retired')).toBeFocused();
    await dialog.getByLabel('Why it is retired').selectOption('failure');
    await dialog.getByText('Another device').click();
    await dialog.getByLabel('Id of the replacement').fill(id);
    await expect(dialog.getByText('A device cannot take its own place.')).toBeVisible();
    await dialog.getByLabel(`Type ${id} to confirm`).fill(id);
    await expect(dialog.getByRole('button', { name: 'Retire' })).toHaveAttribute('aria-disabled', 'true');
    await dialog.getByLabel('Id of the replacement').fill('retired-pump-2');
    await dialog.getByText('After some days').click();
    await dialog.getByLabel('Days', { exact: true }).fill('14');
    await expect(dialog.getByText('deleted after 14 days')).toBeVisible();
    await picture(page, 'retire-dialog');
    await expectAccessible(page, 'retire dialog');
    await dialog.getByText('At once', { exact: true }).click();
    await expect(dialog.getByText('deleted right away')).toBeVisible();
    await dialog.getByRole('button', { name: 'Retire' }).click();
  });

  await test.step('the outcome stands above what is kept', async () => {
    await expect(page).toHaveURL(/\/archive\/retired-pump-1\/.+retirement=/);
    await expect(page.getByText('Retired. This is what is kept of it.')).toBeVisible();
    await expect(page.getByRole('link', { name: 'Open retired-pump-2' })).toBeVisible();
    await expect(page.getByText('Intact')).toBeVisible();
    await expect(page.getByRole('group', { name: 'Archived document' })).toContainText('"bergen"');
    await expect(page.getByText('Matches its checksum.')).toBeVisible();
    await picture(page, 'archive-entry');
    await expectAccessible(page, 'archive entry');
    await expect.poll(async () => (await service.twin('retired-pump-2')).properties.desired.interval).toBe(60);
  });

  await test.step('the archive lists and finds it', async () => {
    await main(page).getByRole('link', { name: 'Archive' }).click();
    await page.getByLabel('Device id, in full').fill(id);
    await expect(page).toHaveURL(/device=retired-pump-1/);
    const row = page.getByRole('row').filter({ hasText: id });
    await expect(row).toContainText('Failure');
    await expect(row).toContainText('retired-pump-2');
    await picture(page, 'archive');
    await expectAccessible(page, 'archive');
    await page.getByLabel('Device id, in full').fill('not legal');
    await expect(page.getByText('“ ” cannot be part of an id.')).toBeVisible();
    await page.getByRole('button', { name: 'Clear filter' }).click();
    await row.getByRole('link', { name: id }).click();
  });

  await test.step('restoring brings it back disabled', async () => {
    await page.getByRole('button', { name: 'Restore' }).click();
    const dialog = page.getByRole('dialog', { name: `Restore ${id}?` });
    await expectAccessible(page, 'restore dialog');
    await picture(page, 'restore-dialog');
    await dialog.getByRole('button', { name: 'Restore' }).click();
    await expect(page).toHaveURL(new RegExp(`/devices/${id}$`));
    await expect(page.getByText('This device is disabled and cannot connect.')).toBeVisible();
  });

  await test.step('erasing leaves a tombstone', async () => {
    const { items: [entry] } = await service.request('GET', `/api/v1/archive/devices?deviceId=${id}`);
    await page.goto(at(`archive/${id}/${entry.generationId}`));
    await page.getByRole('button', { name: 'Erase' }).click();
    const dialog = page.getByRole('dialog', { name: `Erase what is kept of ${id}?` });
    await dialog.getByLabel(`Type ${id} to confirm`).fill(id);
    await expectAccessible(page, 'erase dialog');
    await dialog.getByRole('button', { name: 'Erase' }).click();
    await expect(page.getByText('What remains proves that the device existed.')).toBeVisible();
    await expect(page.getByRole('button', { name: 'Restore' })).toHaveAttribute('title', 'An erased document cannot be restored');
    await picture(page, 'archive-erased');
    await expectAccessible(page, 'erased entry');
  });
  await service.deleteDevice('retired-pump-2');
});

test('a device may wait for its deletion; the archive reads well in Korean and in the dark', async ({ page, service, makeDevice, at, watch }) => {
  test.setTimeout(120_000);
  const id = 'waiting-pump-1';
  await furnish(service, makeDevice, id);
  await page.goto(at(`devices/${id}`));
  await korean(page);
  await page.getByRole('button', { name: '퇴역', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('며칠 후').click();
  await dialog.getByLabel(/확인하려면/).fill(id);
  await picture(page, 'korean-retire-dialog');
  await expectAccessible(page, 'retire dialog in Korean');
  await dialog.getByRole('button', { name: '퇴역' }).click();
  await expect(page.getByText('삭제될 때까지 ID는 사용 안 함 상태입니다.')).toBeVisible();
  await picture(page, 'korean-archive-entry');
  await expectKorean(page, 'archive entry');
  await dark(page);
  await picture(page, 'dark-archive-entry');
  await expectAccessible(page, 'archive entry in the dark');
  await page.goto(at('archive'));
  await expect(page.getByRole('link', { name: id })).toBeVisible();
  await picture(page, 'dark-korean-archive');
  await expectKorean(page, 'archive');
  await page.goto(at(`devices/${id}`));
  await expect(page.getByRole('button', { name: '퇴역', exact: true })).toHaveAttribute('aria-disabled', 'true');
  watch.allowAnswer(404, /^\/api\/v1\/archive/);
  await page.goto(at('archive/nobody/1'));
  await expect(page.getByRole('heading', { name: '이 주소에 보관된 디바이스가 없습니다' }).first()).toBeVisible();
  await expectAccessible(page, 'absent archive entry');
});

test('nothing of these screens is cut off on a narrow screen', async ({ page, service, makeDevice, at }) => {
  const id = 'narrow-1';
  await furnish(service, makeDevice, id);
  await page.setViewportSize({ width: 390, height: 844 });
  for (const [name, where] of [['audit', `audit?device=${id}`], ['archive', 'archive'], ['modules', `devices/${id}/modules`]]) {
    await page.goto(at(where));
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.getByRole('status').filter({ hasText: 'Loading' })).toHaveCount(0);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect.soft(overflow, `${name} scrolls sideways`).toBeLessThanOrEqual(0);
    await picture(page, `narrow-${name}`);
  }
});
