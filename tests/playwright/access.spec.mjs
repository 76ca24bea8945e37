// Who may use the hub: accounts, tokens, sessions, policies, and what waits for an approval.
import { expect, expectAccessible, picture, test } from './fixtures.mjs';
import { expectKorean, korean } from './languages.mjs';

/** English words that must be gone in Korean. */
const ENGLISH_WORDS = /\b(Accounts?|Role|Operator|Viewer|Sign-in|Name|Delete|Edit|Yes|Until)\b/;

const PASSWORD = 'a long enough passphrase';

/** Signs in by name and password on a page of its own, without a cookie from before. */
async function signedIn(browser, at, name) {
  const context = await browser.newContext({ storageState: { cookies: [], origins: [] } });
  const page = await context.newPage();
  await page.goto(at(''));
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Fleet overview' })).toBeVisible();
  return page;
}

async function account(service, name, role, scope) {
  await service.request('PUT', `/api/v1/accounts/${name}`, { role, scope, password: PASSWORD });
}

test('an account is made, changed and deleted', async ({ page, at, browser, watch }) => {
  watch.allowAnswer(400, /accounts\/ada$/);
  test.setTimeout(120_000);
  await page.goto(at('access/accounts'));
  await page.getByRole('button', { name: 'Add an account' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add an account' });
  await dialog.getByLabel('Name').fill('ada');
  await dialog.getByLabel('Role').selectOption('operator');
  await dialog.getByLabel('Password').fill('short');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByRole('alert')).toContainText('at least 12 characters');
  await dialog.getByLabel('Password').fill(PASSWORD);
  await picture(page, 'account-dialog');
  await expectAccessible(page, 'account dialog');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toBeHidden();
  const row = page.getByRole('row').filter({ hasText: 'ada' });
  await expect(row).toContainText('Operator');

  const ada = await signedIn(browser, at, 'ada');
  await ada.getByLabel('Account', { exact: true }).click();
  await expect(ada.getByText('Role: operator')).toBeVisible();
  await ada.getByRole('button', { name: 'Change password' }).click();
  const change = ada.getByRole('dialog', { name: 'Change password' });
  await change.getByLabel('Current password').fill(PASSWORD);
  await change.getByLabel('New password').fill('another long passphrase');
  await change.getByRole('button', { name: 'Change password' }).click();
  await expect(ada.getByText('Your session ended.')).toBeVisible();
  await ada.context().close();

  await row.getByRole('button', { name: 'Edit' }).click();
  const edit = page.getByRole('dialog', { name: 'Change ada' });
  await edit.getByLabel('Role').selectOption('viewer');
  await edit.getByLabel('Only devices where').fill("tags.site = 's1'");
  await edit.getByRole('button', { name: 'Save' }).click();
  await expect(row).toContainText("tags.site = 's1'");
  await picture(page, 'access-accounts');
  await expectAccessible(page, 'accounts');
  await korean(page);
  await expect(page.getByRole('heading', { name: '계정', level: 1 })).toBeVisible();
  await expectKorean(page, 'accounts', ENGLISH_WORDS);
  await page.getByRole('row').filter({ hasText: 'ada' }).getByRole('button', { name: /삭제/ }).click();
  const remove = page.getByRole('dialog', { name: 'ada 계정을 삭제할까요?' });
  await remove.getByRole('button', { name: '삭제' }).click();
  await expect(page.getByText('아직 없습니다')).toBeVisible();
});

test('an API token is shown once', async ({ page, at, service }) => {
  await page.goto(at('access/api-tokens'));
  await page.getByRole('button', { name: 'Add a token' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add a token' });
  await dialog.getByLabel('What it is for').fill('nightly report');
  await dialog.getByLabel('Days that it is good').fill('many');
  await expect(dialog.getByText('A whole number')).toBeVisible();
  await dialog.getByLabel('Days that it is good').fill('30');
  await dialog.getByRole('button', { name: 'Save' }).click();
  const once = page.getByRole('dialog', { name: 'Copy it now' });
  const token = await once.getByRole('code').or(once.locator('code')).first().textContent();
  expect(token).toMatch(/^skerry_/);
  await expectAccessible(page, 'token shown once');
  await once.getByRole('button', { name: 'Close' }).last().click();
  await expect(page.getByText(token)).toHaveCount(0);
  const answer = await page.request.get(new URL('/devices?api-version=2021-04-12', page.url()).href, { headers: { Authorization: `Bearer ${token}`, Cookie: '' } });
  expect(answer.status()).toBe(200);
  const row = page.getByRole('row').filter({ hasText: 'nightly report' });
  await picture(page, 'access-tokens');
  await row.getByRole('button', { name: /Delete/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('Nothing here yet')).toBeVisible();
  expect((await service.request('GET', '/api/v1/api-tokens')).items).toEqual([]);
});

test('r13: what an operator may not do alone waits, and a supervisor lets it run', async ({ page, at, browser, service, makeDevice }) => {
  test.setTimeout(180_000);
  const id = 'approve-pump-1';
  await makeDevice(id);
  await account(service, 'opal', 'operator');
  await account(service, 'sue', 'supervisor');
  await account(service, 'vic', 'viewer');

  const opal = await signedIn(browser, at, 'opal');
  await test.step('the operator asks', async () => {
    await opal.goto(at(`devices/${id}`));
    await opal.getByRole('button', { name: 'Delete', exact: true }).click();
    const dialog = opal.getByRole('dialog');
    await dialog.getByLabel(`Type ${id} to confirm`).fill(id);
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await expect(dialog.getByText('This waits for somebody else’s approval')).toBeVisible();
    await picture(opal, 'waits-for-approval');
    await opal.goto(at('access'));
    const row = opal.getByRole('row').filter({ hasText: id });
    await expect(row).toContainText('Waits');
    await expect(row.getByRole('button', { name: /Approve/ })).toHaveCount(0);
    await expect(row.getByRole('button', { name: /Withdraw/ })).toBeVisible();
  });

  await test.step('a viewer sees nothing of it and may do nothing', async () => {
    const vic = await signedIn(browser, at, 'vic');
    await vic.goto(at('access'));
    await expect(vic.getByText('Nothing here yet')).toBeVisible();
    await vic.goto(at(`devices/${id}`));
    await expect(vic.getByRole('button', { name: 'Delete', exact: true })).toHaveAttribute('aria-disabled', 'true');
    await vic.context().close();
  });

  await test.step('the supervisor looks at what will run, and approves', async () => {
    const sue = await signedIn(browser, at, 'sue');
    await sue.goto(at('access'));
    const row = sue.getByRole('row').filter({ hasText: id });
    await row.getByRole('button', { name: /Approve/ }).click();
    const dialog = sue.getByRole('dialog', { name: 'Approve this request?' });
    await expect(dialog.getByRole('group', { name: 'What will run' })).toContainText(`/devices/${id}`);
    await dialog.getByLabel('Note').fill('it is gone from the site');
    await picture(sue, 'approve-dialog');
    await expectAccessible(sue, 'approve dialog');
    await dialog.getByRole('button', { name: 'Approve' }).click();
    await expect(row).toContainText('Approved');
    await expect(row).toContainText('204');
    await picture(sue, 'access-approvals');
    await expectAccessible(sue, 'approvals');
    await sue.context().close();
  });

  await test.step('it ran as the operator', async () => {
    await expect(opal.getByRole('row').filter({ hasText: id })).toContainText('Approved');
    const { records } = await service.request('GET', '/api/v1/audit?action=deleteDevice&top=1');
    expect(records[0]).toMatchObject({ deviceId: id, actor: 'person:opal', result: 'ok' });
    await opal.context().close();
  });
  await page.goto(at('access/sessions'));
  await expect(page.getByRole('row').filter({ hasText: 'opal' })).toBeVisible();
  await picture(page, 'access-sessions');
  await expectAccessible(page, 'sessions');
  for (const name of ['opal', 'sue', 'vic']) await service.request('DELETE', `/api/v1/accounts/${name}`, undefined, { 'If-Match': '*' });
});

test('somebody who is limited sees only those devices', async ({ at, browser, service, makeDevice }) => {
  await makeDevice('scope-pump-1');
  await makeDevice('scope-pump-2');
  await service.request('PATCH', '/twins/scope-pump-1', { tags: { site: 'scoped' } });
  await account(service, 'lim', 'operator', "tags.site = 'scoped'");
  const context = await browser.newContext({ storageState: { cookies: [], origins: [] } });
  const lim = await context.newPage();
  await lim.goto(at('devices'));
  await lim.getByLabel('Name', { exact: true }).fill('lim');
  await lim.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await lim.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(lim.getByRole('main').getByRole('link', { name: 'scope-pump-1' })).toBeVisible();
  await expect(lim.getByRole('main').getByRole('link', { name: 'scope-pump-2' })).toHaveCount(0);
  await lim.getByLabel('Account', { exact: true }).click();
  await expect(lim.getByText("tags.site = 'scoped'")).toBeVisible();
  await lim.goto(at('devices/scope-pump-2'));
  await expect(lim.getByText('There is no device', { exact: false }).or(lim.getByRole('heading', { name: /scope-pump-2/ })).first()).toBeVisible();
  await lim.goto(at('limits'));
  await context.close();
  await service.request('DELETE', '/api/v1/accounts/lim', undefined, { 'If-Match': '*' });
});

test('a policy gets a new key', async ({ page, at, service }) => {
  await page.goto(at('access/policies'));
  await page.getByRole('button', { name: 'Add a policy' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add a policy' });
  await dialog.getByLabel('Name').fill('reader');
  await dialog.getByLabel('Rights').fill('RegistryRead');
  await dialog.getByRole('button', { name: 'Save' }).click();
  const row = page.getByRole('row').filter({ hasText: 'reader' });
  await expect(row).toContainText('RegistryRead');
  const key = async () => (await service.request('GET', '/api/v1/policies')).items.find((policy) => policy.name === 'reader').primaryKey;
  const before = await key();
  await expect(page.getByText(before)).toHaveCount(0);
  await row.getByRole('button', { name: /New primary key/ }).click();
  await page.getByRole('dialog', { name: 'Make a key of reader anew?' }).getByRole('button', { name: 'New primary key' }).click();
  await expect(page.getByText('reader has a new key.')).toBeVisible();
  expect(await key()).not.toBe(before);
  await picture(page, 'access-policies');
  await expectAccessible(page, 'policies');
  await row.getByRole('button', { name: /Delete/ }).click();
  await page.getByRole('dialog', { name: 'Delete the policy reader?' }).getByRole('button', { name: 'Delete' }).click();
  await expect(row).toHaveCount(0);
});
