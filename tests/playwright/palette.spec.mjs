// The command palette: screens, devices, queries and what a screen offers, without the mouse.
import { expect, expectAccessible, picture, test } from './fixtures.mjs';
import { dark, korean } from './languages.mjs';

test('screens, devices, queries and actions are a few keys away', async ({ page, makeDevice, at }) => {
  test.setTimeout(120_000);
  await makeDevice('palette-pump-7');
  await page.goto(at(''));
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  const palette = page.getByRole('dialog', { name: 'Commands' });
  const field = palette.getByRole('combobox');
  const open = async () => {
    await page.keyboard.press('Control+k');
    await expect(field).toBeFocused();
  };

  await test.step('a screen', async () => {
    await open();
    await expect(palette.getByRole('option')).not.toHaveCount(0);
    await picture(page, 'palette');
    await expectAccessible(page, 'command palette');
    await field.fill('go imp');
    await expect(palette.getByRole('option')).toHaveText(['Go to Import and export']);
    await field.press('Enter');
    await expect(page).toHaveURL(/\/transfers$/);
    await expect(palette).toHaveCount(0);
  });

  await test.step('the second of several, by arrow', async () => {
    await open();
    await field.fill('go to a');
    const second = await palette.getByRole('option').nth(1).innerText();
    await field.press('ArrowDown');
    await expect(palette.getByRole('option', { selected: true })).toHaveText(second);
    await field.press('Escape');
    await expect(palette).toHaveCount(0);
  });

  await test.step('a device', async () => {
    await open();
    await field.fill('palette-pump');
    await expect(palette.getByRole('option', { name: 'palette-pump-7' })).toBeVisible();
    await field.press('Enter');
    await expect(page).toHaveURL(/\/devices\/palette-pump-7$/);
  });

  await test.step('what a screen is for', async () => {
    await page.keyboard.press('g');
    await page.keyboard.press('n');
    await expect(page).toHaveURL(/\/alerts$/);
    await page.getByRole('link', { name: 'Rules' }).click();
    await open();
    await field.fill('add rule');
    await field.press('Enter');
    await expect(page.getByRole('dialog', { name: 'New alert rule' })).toBeVisible();
    // Not above another dialog.
    await page.keyboard.press('Control+k');
    await expect(palette).toHaveCount(0);
    await page.keyboard.press('Escape');
    await open();
    await field.fill('zzz nothing');
    await expect(palette.getByText('Nothing is called like that.')).toBeVisible();
    await page.keyboard.press('Escape');
  });

  await test.step('a query', async () => {
    await open();
    await field.fill("SELECT * FROM devices WHERE deviceId = 'palette-pump-7'");
    await palette.getByRole('option', { name: 'Run this query' }).click();
    await expect(page.getByRole('status').filter({ hasText: '1 result' })).toBeVisible();
  });

  await test.step('in Korean and in the dark', async () => {
    await korean(page);
    await dark(page);
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('dialog', { name: '명령' }).getByRole('option').last()).toContainText('이동');
    await picture(page, 'dark-korean-palette');
    await expectAccessible(page, 'command palette in Korean');
  });
});
