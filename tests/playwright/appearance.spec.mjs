// Every screen in Korean and in the dark theme: translated, readable, accessible.
import { AxeBuilder } from '@axe-core/playwright';
import { expect, expectAccessible, picture, test } from './fixtures.mjs';
import { ownWords } from './languages.mjs';

const ID = 'appearance-1';

const SCREENS = [
  { name: 'overview', where: '', korean: '플릿 개요', english: 'Fleet overview' },
  { name: 'devices', where: 'devices', korean: '디바이스', english: 'Devices' },
  { name: 'map', where: 'map', korean: '지도', english: 'Map' },
  { name: 'device-identity', where: `devices/${ID}`, korean: ID, english: ID },
  { name: 'device-timeline', where: `devices/${ID}/timeline`, korean: ID, english: ID },
  { name: 'device-twin', where: `devices/${ID}/twin`, korean: ID, english: ID },
  { name: 'device-telemetry', where: `devices/${ID}/telemetry`, korean: ID, english: ID },
  { name: 'device-methods', where: `devices/${ID}/methods`, korean: ID, english: ID },
  { name: 'device-messages', where: `devices/${ID}/messages`, korean: ID, english: ID },
  { name: 'device-modules', where: `devices/${ID}/modules`, korean: ID, english: ID },
  { name: 'device-configuration', where: `devices/${ID}/configuration`, korean: ID, english: ID },
  { name: 'device-history', where: `devices/${ID}/history`, korean: ID, english: ID },
  { name: 'archive', where: 'archive', korean: '보관함', english: 'Archive' },
  { name: 'audit', where: 'audit', korean: '감사 기록', english: 'Audit' },
  { name: 'operations', where: 'operations', korean: '거부된 연결', english: 'Refused connections' },
  { name: 'transfers', where: 'transfers', korean: '가져오기 및 내보내기', english: 'Import and export' },
  { name: 'import', where: 'transfers/import', korean: '파일 가져오기', english: 'Import a file' },
  { name: 'configurations', where: 'configurations', korean: '구성', english: 'Configurations' },
  { name: 'configure', where: 'configure', korean: '새 구성', english: 'New configuration' },
  { name: 'jobs', where: 'jobs', korean: '작업', english: 'Jobs' },
  { name: 'schedule', where: 'schedule?condition=*', korean: '작업 예약', english: 'Schedule a job' },
  { name: 'limits', where: 'limits', korean: '한도', english: 'Limits' },
  { name: 'alerts', where: 'alerts?show=all', korean: '알림', english: 'Alerts' },
  { name: 'alert-rules', where: 'alerts/rules', korean: '알림 규칙', english: 'Alert rules' },
  { name: 'query', where: 'query?q=SELECT%20*%20FROM%20devices', korean: '쿼리', english: 'Query' },
  { name: 'progress', where: 'progress', korean: '진행 상황', english: 'Progress' },
  { name: 'approvals', where: 'access', korean: '승인', english: 'Approvals' },
  { name: 'accounts', where: 'access/accounts', korean: '계정', english: 'Accounts' },
  { name: 'api-tokens', where: 'access/api-tokens', korean: 'API 토큰', english: 'API tokens' },
  { name: 'sessions', where: 'access/sessions', korean: '세션', english: 'Sessions' },
  { name: 'policies', where: 'access/policies', korean: '공유 액세스 정책', english: 'Shared access policies' },
  { name: 'approval-settings', where: 'access/approval-settings', korean: '승인 설정', english: 'Approval settings' },
  { name: 'maintenance', where: 'settings', korean: '유지 관리 정책', english: 'Maintenance policies' },
  { name: 'patterns', where: 'settings/patterns', korean: '패턴', english: 'Patterns' },
  { name: 'certificates', where: 'settings/certificates', korean: 'CA 인증서', english: 'CA certificates' },
  { name: 'tag-schema', where: 'settings/tag-schema', korean: '태그 스키마', english: 'Schema of tags' },
  { name: 'query-indexes', where: 'settings/query-indexes', korean: '쿼리 인덱스', english: 'Query indexes' },
  { name: 'consumer-groups', where: 'settings/consumer-groups', korean: '소비자 그룹', english: 'Consumer groups' },
  { name: 'messaging', where: 'settings/messaging', korean: '메시지', english: 'Messages' },
  { name: 'file-upload', where: 'settings/file-upload', korean: '파일 업로드', english: 'File upload' },
  { name: 'twin-history', where: 'settings/twin-history', korean: '트윈 기록', english: 'History of twins' },
  { name: 'events', where: 'events?from=earliest', korean: '이벤트', english: 'Events' },
  { name: 'routing', where: 'routing', korean: '라우팅', english: 'Routes' },
  { name: 'developers', where: 'developers', korean: '개발자', english: 'Developers' },
  { name: 'compatibility', where: 'developers/compatibility', korean: '개발자', english: 'Developers' },
  { name: 'reference', where: 'developers/api?group=Device%20identities&operation=putDevice', korean: '개발자', english: 'Developers' },
];

/** English words that must be gone in Korean: they name things, they are no product names. */
const ENGLISH_WORDS = /\b(Overview|Connected|Disconnected|Enabled|Disabled|Never seen|Search|Loading|Delete|Disable|Status|Reported|Desired|Tags|Reason)\b/;

test.beforeEach(async ({ emptyHub, makeDevice, service }) => {
  // One that asks for nothing, so that its screen has something to show.
  await service.request('PUT', '/api/v1/schemas/tags', { mode: 'off', schema: { type: 'object' } });
  const device = await makeDevice(ID);
  await device.connect();
  await service.patchTwin(ID, { tags: { site: 'busan', location: { lat: 35.1, lon: 129.04 } }, properties: { desired: { interval: 30 } } });
  await expect.poll(async () => (await service.twin(ID)).properties.reported.interval).toBe(30);
  await device.send({ temperature: 21 });
});

async function openSettings(page) {
  await page.getByLabel(/^(Display settings|표시 설정)$/).click();
}

test.afterEach(async ({ service }) => {
  await service.request('DELETE', '/api/v1/schemas/tags', undefined, { 'If-Match': '*' });
});

test('the language switch changes every screen and stays', async ({ page, at }) => {
  test.setTimeout(180_000);
  await page.goto(at(''));
  await openSettings(page);
  await page.getByRole('group', { name: 'Language' }).getByRole('button', { name: '한국어' }).click();
  await expect(page.getByRole('heading', { name: '플릿 개요' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('lang', 'ko');
  for (const screen of SCREENS) {
    await page.goto(at(screen.where));
    await expect(page.getByRole('heading', { name: screen.korean, level: 1 })).toBeVisible();
    await expect(page.getByRole('status').filter({ hasText: '불러오는 중' })).toHaveCount(0);
    // What people wrote or devices reported stays as it is; the console's own words don't.
    const words = await ownWords(page);
    expect.soft(words.match(ENGLISH_WORDS), `${screen.name} in Korean`).toBeNull();
    await picture(page, `korean-${screen.name}`);
    await expectAccessible(page, `${screen.name} in Korean`);
  }
});

test('the dark theme is readable on every screen', async ({ page, at }) => {
  test.setTimeout(180_000);
  await page.goto(at(''));
  const lightness = () => page.evaluate(() => {
    const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g).map(Number);
    return (red + green + blue) / 3;
  });
  const before = await lightness();
  await openSettings(page);
  await page.getByRole('group', { name: 'Theme' }).getByRole('button', { name: 'Dark' }).click();
  await expect.poll(lightness).toBeLessThan(before / 3);
  for (const screen of SCREENS) {
    await page.goto(at(screen.where));
    await expect(page.getByRole('heading', { name: screen.english, level: 1 })).toBeVisible();
    await expect(page.getByRole('status').filter({ hasText: 'Loading' })).toHaveCount(0);
    expect(await lightness()).toBeLessThan(100);
    await picture(page, `dark-${screen.name}`);
    await expectAccessible(page, `${screen.name} in the dark theme`);
  }
});

test('the contrast theme has seven to one on every screen', async ({ page, at }) => {
  test.setTimeout(180_000);
  await page.goto(at(''));
  await openSettings(page);
  await page.getByRole('group', { name: 'Theme' }).getByRole('button', { name: 'Contrast' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'contrast');
  for (const screen of SCREENS) {
    await page.goto(at(screen.where));
    await expect(page.getByRole('heading', { name: screen.english, level: 1 })).toBeVisible();
    await expect(page.getByRole('status').filter({ hasText: 'Loading' })).toHaveCount(0);
    await picture(page, `contrast-${screen.name}`);
    await expectAccessible(page, `${screen.name} in the contrast theme`);
    const { violations } = await new AxeBuilder({ page }).withRules(['color-contrast-enhanced']).analyze();
    const found = violations.flatMap(({ nodes }) => nodes.map((node) => `${node.html} ${node.failureSummary}`));
    expect.soft(found, `${screen.name} at 7:1`).toEqual([]);
  }
});

test('the system theme follows the system', async ({ page, at }) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto(at(''));
  await expect(page.getByRole('heading', { name: 'Fleet overview' })).toBeVisible();
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await background();
  await page.emulateMedia({ colorScheme: 'light' });
  await expect.poll(background).not.toBe(dark);
});

test('nothing is cut off on a narrow screen', async ({ page, at }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  for (const screen of SCREENS) {
    await page.goto(at(screen.where));
    await expect(page.getByRole('heading', { name: screen.english, level: 1 })).toBeVisible();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect.soft(overflow, `${screen.name} scrolls sideways`).toBeLessThanOrEqual(0);
    await picture(page, `narrow-${screen.name}`);
  }
});

test('the console talks to its own hub only', async ({ page, at, ready }) => {
  const hosts = new Set();
  page.on('request', (request) => hosts.add(new URL(request.url()).origin));
  await page.goto(at(''));
  await expect(page.getByRole('heading', { name: 'Fleet overview' })).toBeVisible();
  expect([...hosts]).toEqual([new URL(ready.url).origin]);
  const policy = (await page.request.get(at(''))).headers()['content-security-policy'];
  expect(policy).toBeDefined();
  expect(policy).not.toContain('unsafe-inline');
  expect(policy).not.toMatch(/'unsafe-eval'/);
});
