// The hub stops and comes back while the console is open; a new start gives a new link.
import { expect, expectAccessible, picture, test } from './fixtures.mjs';
import { HubProcess } from './hub-process.mjs';
import { Service } from './service.mjs';

test('a stopped hub is shown, the data stays, and the console recovers by itself', async ({ page, watch }) => {
  test.setTimeout(300_000);
  // Before signing in and after signing out; the list may ask once more with a session that just ended.
  watch.allowAnswer(401, /^\/api\/v1\/(session|overview|devices)$/);
  watch.allowFailures('net::ERR_CONNECTION_REFUSED', 'net::ERR_CONNECTION_RESET', 'net::ERR_EMPTY_RESPONSE');
  const hub = new HubProcess();
  try {
    const ready = await hub.start();
    await new Service(ready).createDevice('outage-1');
    await page.goto(ready.consoleUrl);
    await expect(page.getByRole('heading', { name: 'Fleet overview' })).toBeVisible();
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Devices' }).click();
    await expect(page.getByRole('link', { name: 'outage-1' })).toBeVisible();

    await hub.stop();
    await expect(page.getByRole('status').filter({ hasText: 'Hub unreachable' })).toBeVisible();
    await expect(page.getByRole('alert').filter({ hasText: 'The hub does not answer.' })).toBeVisible();
    await expect(page.getByRole('link', { name: 'outage-1' }), 'the last data stays').toBeVisible();
    await picture(page, 'devices-offline');
    await expectAccessible(page, 'list while the hub is away');

    const again = await hub.start();
    expect(again.consoleUrl, 'every start prints a fresh link').not.toBe(ready.consoleUrl);
    await expect(page.getByRole('status').filter({ hasText: /^Live$/ })).toBeVisible({ timeout: 60_000 });
    await expect(page.getByRole('alert').filter({ hasText: 'The hub does not answer.' })).toHaveCount(0);
    await expect(page.getByRole('link', { name: 'outage-1' })).toBeVisible();

    await page.getByLabel('Account').click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(page.getByRole('heading', { name: 'Sign in to Skerry' })).toBeVisible();
    await page.reload();
    await expect(page.getByRole('heading', { name: 'Sign in to Skerry' }), 'the session is over on the hub too').toBeVisible();
    expect(await page.evaluate(async () => (await fetch('/api/v1/overview')).status)).toBe(401);
  } finally {
    await hub.remove();
  }
});
