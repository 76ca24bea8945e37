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

/** The words on screen that are the console's own: what stands as code is a name or a query, and what says that it is English was written by others. */
export async function ownWords(page) {
  const main = page.getByRole('main');
  const codes = await main.locator('code, [lang="en"]').allInnerTexts();
  // The longest first: one may hold another.
  codes.sort((one, other) => other.length - one.length);
  return codes.filter(Boolean).reduce((words, code) => words.replaceAll(code, ''), await main.innerText());
}

/** None of these English words is left in the console's own texts, and axe finds nothing. */
export async function expectKorean(page, screen, englishWords) {
  const words = await ownWords(page);
  expect.soft(words.match(englishWords), `${screen} in Korean`).toBeNull();
  await expectAccessible(page, `${screen} in Korean`);
}
