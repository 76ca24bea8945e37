// What the hub goes by: documents and settings that are looked at, made, changed and deleted alike.
import { expect, expectAccessible, picture, test } from './fixtures.mjs';
import { expectKorean, korean } from './languages.mjs';

/** English words that must be gone in Korean. */
const ENGLISH_WORDS = /\b(Maintenance|Priority|Version|Edit|Delete|Name|Settings|Yes|No|Messages)\b/;

test('a maintenance policy is written, refused, changed and deleted', async ({ page, at, service, watch }) => {
  for (const status of [400, 412]) watch.allowAnswer(status, /maintenance-policies\/night$/);
  await page.goto(at('settings'));
  await page.getByRole('button', { name: 'Add a policy' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add a policy' });
  await dialog.getByLabel('Name').fill('night');
  const editor = dialog.getByLabel('As JSON');
  const example = await editor.inputValue();
  await editor.fill('{ "appliesTo": [');
  await expect(dialog.getByRole('button', { name: 'Save' })).toHaveAttribute('aria-disabled', 'true');
  await editor.fill('{ "appliesTo": ["reboot"] }');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByRole('alert')).toContainText('method:NAME');
  await picture(page, 'maintenance-dialog');
  await expectAccessible(page, 'maintenance dialog');
  await editor.fill(example);
  await dialog.getByRole('button', { name: 'Save' }).click();
  const row = page.getByRole('row').filter({ hasText: 'night' });
  await expect(row).toContainText("tags.site = 's1'");

  await row.getByRole('button', { name: 'Edit' }).click();
  const edit = page.getByRole('dialog', { name: 'Change night' });
  // Somebody else is faster.
  await service.request('PUT', '/api/v1/maintenance-policies/night', { priority: 7, targetCondition: '*', appliesTo: ['*'] });
  const known = JSON.parse(await edit.getByLabel('As JSON').inputValue());
  await edit.getByLabel('As JSON').fill(JSON.stringify({ ...known, priority: 20 }));
  await edit.getByRole('button', { name: 'Save' }).click();
  await expect(edit.getByText('Somebody else has changed it meanwhile.')).toBeVisible();
  await edit.getByRole('button', { name: 'Cancel' }).click();
  // The whole cell: the time in the row may hold a 7 as well.
  await expect(row.getByRole('cell', { name: '7', exact: true })).toBeVisible();
  await row.getByRole('button', { name: 'Edit' }).click();
  const current = JSON.parse(await edit.getByLabel('As JSON').inputValue());
  expect(current).toMatchObject({ priority: 7, appliesTo: ['*'] });
  await edit.getByLabel('As JSON').fill(JSON.stringify({ ...current, priority: 20 }));
  await edit.getByRole('button', { name: 'Save' }).click();
  await expect(row.getByRole('cell', { name: '20', exact: true })).toBeVisible();
  await picture(page, 'maintenance');
  await expectAccessible(page, 'maintenance policies');
  await korean(page);
  await expectKorean(page, 'maintenance policies', ENGLISH_WORDS);
  await row.getByRole('button', { name: /삭제/ }).click();
  await page.getByRole('dialog', { name: 'night을(를) 삭제할까요?' }).getByRole('button', { name: '삭제' }).click();
  await expect(row).toHaveCount(0);
});

test('settings of their own are changed in their form', async ({ page, at, service }) => {
  await page.goto(at('settings/messaging'));
  const before = await service.request('GET', '/api/v1/messaging');
  await page.getByRole('button', { name: 'Edit' }).click();
  const dialog = page.getByRole('dialog', { name: 'Messages' });
  await dialog.getByLabel('Days that events are kept').fill('3');
  await picture(page, 'messaging-dialog');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toBeHidden();
  const after = await service.request('GET', '/api/v1/messaging');
  expect(after.events.retentionTimeInDays).toBe(3);
  expect({ ...after, events: before.events }).toEqual(before);
  await service.request('PUT', '/api/v1/messaging', before);

  await page.goto(at('settings/query-indexes'));
  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('dialog').getByLabel('Paths').fill('tags.site\ntags.ring');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('tags.site, tags.ring')).toBeVisible();
  await picture(page, 'query-indexes');
  await service.request('PUT', '/api/v1/query/indexes', { paths: [] });

  await page.goto(at('settings/consumer-groups'));
  await page.getByRole('button', { name: 'Add a consumer group' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('reports');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  const row = page.getByRole('row').filter({ hasText: 'reports' });
  await row.getByRole('button', { name: /Delete/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(row).toHaveCount(0);
  await expect(page.getByRole('row').filter({ hasText: '$Default' }).getByRole('button')).toHaveCount(0);
});

test('the schema of tags is set, and tells who breaks it', async ({ page, at, service, makeDevice, watch }) => {
  watch.allowAnswer(404, /^\/api\/v1\/schemas\/tags/);
  await makeDevice('tagless-pump-1');
  await page.goto(at('settings/tag-schema'));
  await page.getByRole('button', { name: 'Add a schema' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('row').filter({ hasText: 'Warns' })).toBeVisible();
  await picture(page, 'tag-schema');
  await page.getByRole('link', { name: 'Tags against the schema' }).click();
  await expect(page.getByRole('row').filter({ hasText: 'tagless-pump-1' })).toContainText('site');
  await picture(page, 'tag-violations');
  await expectAccessible(page, 'tags against the schema');
  await page.getByRole('link', { name: 'Schema of tags' }).click();
  await page.getByRole('button', { name: /Delete/ }).click();
  await page.getByRole('dialog', { name: 'Delete the schema of tags?' }).getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('Nothing here yet')).toBeVisible();
  await expect(service.request('GET', '/api/v1/schemas/tags')).rejects.toThrow(/ 404 /);
});

test('who may not change settings sees why', async ({ page, at }) => {
  await page.route('**/api/v1/session', (route) => route.fulfill({ json: { name: 'ada', role: 'operator', expiresAt: null } }));
  await page.goto(at('settings/patterns'));
  await expect(page.getByRole('row').filter({ hasText: 'reboot' }).first()).toBeVisible();
  await expect(page.getByRole('button', { name: 'Add a pattern' })).toHaveAttribute('aria-disabled', 'true');
  await picture(page, 'patterns');
  await expectAccessible(page, 'patterns');
});
