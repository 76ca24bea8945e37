// Switching language and theme the way people do, and what must be true in Korean.
import { expect, expectAccessible } from './fixtures.mjs';

const settings = (page) => page.getByLabel(/^(Display settings|표시 설정)$/);

/** Korean from now on. */
export async function korean(page) {
  await settings(page).click();
  await page.getByRole('button', { name: '한국어' }).click();
  await expect(page.locator('html')).toHaveAttribute('lang', 'ko');
  await page.keyboard.press('Escape');
}

/** The dark theme from now on. */
export async function dark(page) {
  await settings(page).click();
  await page.getByRole('button', { name: /^(Dark|어둡게)$/ }).click();
  await page.keyboard.press('Escape');
}

/** None of these English words is left in the console's own texts, and axe finds nothing. */
export async function expectKorean(page, screen, englishWords) {
  const words = await page.getByRole('main').innerText();
  expect.soft(words.match(englishWords), `${screen} in Korean`).toBeNull();
  await expectAccessible(page, `${screen} in Korean`);
}
