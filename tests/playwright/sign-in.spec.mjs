// The one-time link: works once, leaves nothing in the address, and opens a session.
import { chmodSync } from 'node:fs';
import { expect, expectAccessible, picture, test } from './fixtures.mjs';
import { sessionFile } from './places.mjs';

/** Nobody is signed in yet, so the hub answers 401, and the browser logs that by itself. */
const NOT_SIGNED_IN = [401, /^\/api\/v1\/session$/];

test('without a session the console explains how to get one', async ({ page, watch, at }) => {
  watch.allowAnswer(...NOT_SIGNED_IN);
  await page.goto(at('devices'));
  await expect(page.getByRole('heading', { name: 'Sign in to Skerry' })).toBeVisible();
  await expect(page.getByText('cargo xtask hub')).toBeVisible();
  await picture(page, 'sign-in');
  await expectAccessible(page, 'sign-in');

  await page.getByRole('button', { name: '한국어' }).click();
  await expect(page.getByRole('heading', { name: 'Skerry에 로그인' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('lang', 'ko');
  await expectAccessible(page, 'sign-in in Korean');
});

test('a forged link is refused', async ({ page, watch, at }) => {
  watch.allowAnswer(...NOT_SIGNED_IN);
  await page.goto(at('#sign-in=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'));
  await expect(page.getByRole('alert').filter({ hasText: 'does not work any more' })).toBeVisible();
  expect(await page.context().cookies()).toEqual([]);
});

test('a wrong password is refused in words, and the fields stay usable', async ({ page, watch, at }) => {
  watch.allowAnswer(...NOT_SIGNED_IN);
  await page.goto(at(''));
  await page.getByLabel('Name', { exact: true }).fill('nobody');
  await page.getByLabel('Password', { exact: true }).fill('a wrong passphrase');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'The name or the password is wrong.' })).toBeVisible();
  await expect(page.getByLabel('Password', { exact: true })).toHaveValue('');
  expect(await page.context().cookies()).toEqual([]);
});

test('the printed link opens the console once', async ({ page, browser, watch, ready }) => {
  watch.allowAnswer(...NOT_SIGNED_IN);
  await page.goto(ready.consoleUrl);
  await expect(page.getByRole('heading', { name: 'Fleet overview' })).toBeVisible();
  expect(page.url(), 'the token must not stay in the address').not.toContain('sign-in=');
  expect(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).not.toContain(ready.consoleUrl.split('=').pop());

  const cookies = await page.context().cookies();
  expect(cookies).toHaveLength(1);
  expect(cookies[0]).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
  await page.context().storageState({ path: sessionFile });
  chmodSync(sessionFile, 0o600);

  // The same link in another browser is worth nothing.
  const other = await (await browser.newContext()).newPage();
  await other.goto(ready.consoleUrl);
  await expect(other.getByRole('alert').filter({ hasText: 'does not work any more' })).toBeVisible();
  await other.context().close();

  await page.reload();
  await expect(page.getByRole('heading', { name: 'Fleet overview' })).toBeVisible();
});
