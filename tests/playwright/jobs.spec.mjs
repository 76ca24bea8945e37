// Scheduled jobs: from a condition to every device of it, what failed and why, and stopping in time.
import { expect, expectAccessible, picture, test } from './fixtures.mjs';
import { dark, expectKorean, korean } from './languages.mjs';

const ENGLISH_WORDS = /\b(Jobs|Job|Target|Action|Schedule|Review|Waiting|Running|Completed|Failed|Done|Devices|Waves|Progress|Request|Stop|Pause|Retry|Cause|Outcome|Left out)\b/;

/** Unique among the jobs of this hub, which remembers them for thirty days. */
const name = (what) => `${what}-${Date.now()}`;

const legend = (page, state) => page.getByRole('region', { name: 'Progress' }).getByRole('listitem').filter({ hasText: state });
const state = (page) => page.getByRole('main').locator('.device-name .badge');

async function fleet(service, site, count) {
  const ids = Array.from({ length: count }, (_, number) => `${site}-${number + 1}`);
  await service.request('POST', '/devices', ids.map((id) => ({ id, importMode: 'create', status: 'enabled', tags: { site } })));
  return ids;
}

test('a condition becomes a job that changes every twin of it', async ({ page, emptyHub, service, at, watch }) => {
  test.setTimeout(180_000);
  await fleet(service, 'oslo', 12);
  await fleet(service, 'bergen', 3);
  const id = name('interval');

  await test.step('the empty list leads to the first step', async () => {
    // The hub remembers the jobs of other tests for thirty days.
    await page.route('**/jobs/v2/query*', (route) => route.fulfill({ json: [] }));
    await page.goto(at(''));
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Jobs' }).click();
    await expect(page.getByRole('heading', { name: 'No job yet' })).toBeVisible();
    await picture(page, 'jobs-empty');
    await expectAccessible(page, 'empty jobs');
    await page.getByRole('link', { name: 'Schedule a job' }).first().click();
    await expect(page.getByRole('heading', { name: 'Schedule a job', level: 1 })).toBeVisible();
    await page.unroute('**/jobs/v2/query*');
  });

  await test.step('a condition is tried before it is used', async () => {
    watch.allowAnswer(400, /\/devices\/query$/);
    const next = page.getByRole('button', { name: 'Next' });
    await expect(next).toHaveAttribute('title', 'Write a condition');
    await page.getByLabel('Condition', { exact: true }).fill('tags.site = ');
    await expect(page.getByText(/line 1/).first()).toBeVisible();
    await expect(next).toHaveAttribute('title', 'The condition cannot be used');
    await page.getByLabel('Condition', { exact: true }).fill("tags.site = 'oslo'");
    const matching = page.getByRole('region', { name: 'What matches now' });
    await expect(matching.getByRole('listitem').filter({ hasText: 'devices match' })).toHaveText(/^12/);
    await expect(matching.getByRole('listitem').filter({ hasText: 'are offline' })).toHaveText(/^12/);
    await expect(matching.getByText('And 4 more.')).toBeVisible();
    await expect(page).toHaveURL(/condition=tags\.site/);
    await picture(page, 'schedule-target');
    await expectAccessible(page, 'target of a job');
    await next.click();
  });

  await test.step('a patch that says nothing is refused before it is sent', async () => {
    await expect(page).toHaveURL(/step=action/);
    await expect(page.getByRole('button', { name: 'Next' })).toHaveAttribute('title', 'The patch changes nothing');
    await page.getByLabel('Patch (JSON)').fill('{"tags": {"ring": "b"}, "properties": {"desired": {"interval": 60}}}');
    await picture(page, 'schedule-action');
    await expectAccessible(page, 'action of a job');
    await page.getByRole('button', { name: 'Next' }).click();
  });

  await test.step('name, time and review', async () => {
    await page.getByLabel('Job id').fill(id);
    await page.getByRole('radio', { name: /^In waves/ }).check();
    await page.getByLabel('Waves end at, in percent').fill('25, 5');
    await expect(page.getByText('Up to 20 rising numbers, the last one 100')).toBeVisible();
    await picture(page, 'schedule-time');
    await expectAccessible(page, 'time of a job');
    await page.getByRole('radio', { name: /^All devices at once/ }).check();
    await page.getByRole('button', { name: 'Next' }).click();
    await expect(page.getByText('The twins of 12 devices are changed.')).toBeVisible();
    await expect(page.getByText('12 of them are offline')).toBeVisible();
    await expect(page.getByRole('region', { name: 'The change on oslo-1' })).toContainText('"ring": "b"');
    await picture(page, 'schedule-review');
    await expectAccessible(page, 'review of a job');
    await page.getByRole('button', { name: 'Schedule job' }).click();
    const question = page.getByRole('dialog', { name: `Schedule ${id} for 12 devices?` });
    await expectAccessible(page, 'question before a job');
    await question.getByRole('button', { name: 'Schedule job' }).click();
  });

  await test.step('it runs, and every twin is changed', async () => {
    await expect(page).toHaveURL(new RegExp(`/console/jobs/${id}$`));
    await expect(state(page)).toHaveText('Completed', { timeout: 30_000 });
    await expect(legend(page, 'Done')).toContainText('12');
    await expect(page.getByText('Nothing went wrong.')).toBeVisible();
    await expect(page.getByRole('button', { name: 'Retry failed' })).toHaveAttribute('title', 'No device failed');
    await expect(page.getByRole('button', { name: 'Stop job' })).toHaveAttribute('title', 'The job is over');
    await expect(page.getByRole('group', { name: 'Devices of the job' }).getByRole('row')).toHaveCount(13);
    const twin = await service.twin('oslo-7');
    expect([twin.tags.ring, twin.properties.desired.interval]).toEqual(['b', 60]);
    expect((await service.twin('bergen-1')).tags.ring).toBeUndefined();
    await picture(page, 'job-completed');
    await expectAccessible(page, 'completed job');
  });

  await test.step('the list has it, and its filters stand in the address', async () => {
    await page.getByRole('main').getByRole('link', { name: 'Jobs' }).click();
    const row = page.getByRole('row').filter({ hasText: id });
    await expect(row).toContainText('12 of 12');
    await page.getByLabel('State').selectOption('failed');
    await expect(page).toHaveURL(/status=failed/);
    await expect(page.getByRole('heading', { name: 'No job matches' })).toBeVisible();
    await page.getByRole('button', { name: 'Clear filters' }).first().click();
    await page.getByLabel('Action', { exact: true }).selectOption('scheduleUpdateTwin');
    await expect(row).toBeVisible();
    await picture(page, 'jobs');
    await expectAccessible(page, 'jobs');
  });

  await test.step('another one like it begins with the same', async () => {
    await page.getByRole('link', { name: id }).click();
    await page.getByRole('link', { name: 'Schedule again' }).click();
    await expect(page.getByLabel('Condition', { exact: true })).toHaveValue("tags.site = 'oslo'");
    await page.getByRole('button', { name: 'Next' }).click();
    await expect(page.getByLabel('Patch (JSON)')).toHaveValue(/"ring": "b"/);
  });
});

test('failures are grouped, a device is left out, and those that failed are tried again', async ({ page, emptyHub, makeDevice, service, at }) => {
  test.setTimeout(180_000);
  let busy = true;
  const answers = { reboot: () => (busy ? [409, { why: 'busy' }] : [200, null]) };
  for (const id of ['rig-1', 'rig-2']) await (await makeDevice(id, { methods: answers })).connect();
  await (await makeDevice('rig-3', { methods: { reboot: () => [200, { ok: true }] } })).connect();
  await makeDevice('rig-4');
  const id = name('reboot');
  await service.request('PUT', `/jobs/v2/${id}`, {
    type: 'scheduleDeviceMethod', queryCondition: '*', maxExecutionTimeInSeconds: 600,
    cloudToDeviceMethod: { methodName: 'reboot', payload: { delay: 5 }, responseTimeoutInSeconds: 10 },
  });
  await page.goto(at(`jobs/${id}`));
  const devices = page.getByRole('group', { name: 'Devices of the job' });

  await test.step('what came back is shown while the job goes on', async () => {
    await expect(state(page)).toHaveText('Running');
    await expect(legend(page, 'Done')).toContainText('3');
    const causes = page.getByRole('group', { name: 'What went wrong' });
    await expect(causes.getByRole('row').filter({ hasText: 'Answered 409' })).toContainText('busy');
    await expect(causes.getByRole('rowheader')).toHaveText(['2']);
    await expect(devices.getByRole('row').filter({ hasText: 'rig-3' })).toContainText('Answered 200 {"ok":true}');
    await expect(page.getByRole('button', { name: 'Retry failed' })).toHaveAttribute('title', 'The job is still under way');
    await picture(page, 'job-running');
    await expectAccessible(page, 'running job');
  });

  await test.step('the device that does not connect is left out, and the job is over', async () => {
    await page.getByRole('button', { name: 'Leave rig-4 out' }).click();
    const question = page.getByRole('dialog', { name: 'Leave rig-4 out of this job?' });
    await expectAccessible(page, 'leaving a device out');
    await question.getByRole('button', { name: 'Leave out' }).click();
    await expect(state(page)).toHaveText('Completed', { timeout: 30_000 });
    await expect(devices.getByRole('row').filter({ hasText: 'rig-4' })).toContainText('Left out');
    await legend(page, 'Left out').getByRole('link').click();
    await expect(page).toHaveURL(/status=canceled/);
    await expect(devices.getByRole('rowheader')).toHaveText(['rig-4']);
    await page.getByLabel('State of the device').selectOption('');
  });

  await test.step('only those that did not do it take part once more', async () => {
    busy = false;
    await page.getByRole('button', { name: 'Retry failed' }).click();
    const question = page.getByRole('dialog', { name: 'Retry the devices that failed?' });
    await question.getByRole('button', { name: 'Retry failed' }).click();
    await expect(page.getByText('Nothing went wrong.')).toBeVisible({ timeout: 30_000 });
    await expect(devices.getByRole('row').filter({ hasText: 'rig-1' })).toContainText('Answered 200');
    await expect(devices.getByRole('row').filter({ hasText: 'rig-4' })).toContainText('Left out');
    await picture(page, 'job-retried');
  });

  await test.step('in Korean and in the dark', async () => {
    await korean(page);
    await expect(page.getByRole('heading', { name: '문제 원인' })).toBeVisible();
    await expectKorean(page, 'job', ENGLISH_WORDS);
    await picture(page, 'korean-job');
    await dark(page);
    await page.goto(at('jobs'));
    await expect(page.getByRole('heading', { name: '작업', level: 1 })).toBeVisible();
    await expect(page.getByRole('row').filter({ hasText: id })).toBeVisible();
    await picture(page, 'dark-korean-jobs');
    await expectKorean(page, 'jobs', ENGLISH_WORDS);
    await page.goto(at('schedule?condition=*'));
    await expect(page.getByRole('heading', { name: '지금 일치하는 디바이스' })).toBeVisible();
    await expect(page.getByRole('rowheader', { name: 'rig-1' })).toBeVisible();
    await picture(page, 'dark-korean-schedule');
    await expectKorean(page, 'schedule', ENGLISH_WORDS);
  });
});

test('a rollout in waves is paused, let on and stopped; a role that may not sees why', async ({ page, emptyHub, service, at }) => {
  test.setTimeout(120_000);
  await fleet(service, 'wave', 40);
  const id = name('waves');
  await service.request('PUT', `/jobs/v2/${id}`, {
    type: 'scheduleUpdateTwin', queryCondition: '*', maxExecutionTimeInSeconds: 600,
    updateTwin: { etag: '*', tags: { ring: 'c' } },
    rollout: { waves: [{ percent: 20 }, { percent: 40 }, { percent: 60 }, { percent: 100 }], pauseBetweenWaves: 'manual' },
  });
  await page.goto(at(`jobs/${id}`));
  const waves = page.getByRole('group', { name: 'Waves' }).getByRole('row');
  await expect(waves).toHaveCount(5);
  await expect(waves.nth(1)).toContainText('Now');
  await expect(waves.nth(2)).toContainText('Later');

  await test.step('pause and resume', async () => {
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByRole('dialog', { name: `Pause ${id}?` }).getByRole('button', { name: 'Pause' }).click();
    await expect(state(page)).toHaveText('Paused');
    await expect(page.getByText('The job rests')).toBeVisible();
    await picture(page, 'job-paused');
    await expectAccessible(page, 'paused job');
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('dialog', { name: `Resume ${id}?` }).getByRole('button', { name: 'Resume' }).click();
    await expect(state(page)).toHaveText('Running');
  });

  await test.step('the next wave begins by hand', async () => {
    await page.getByRole('button', { name: 'Begin next wave' }).click();
    await page.getByRole('dialog', { name: /^Begin wave \d\?$/ }).getByRole('button', { name: 'Begin next wave' }).click();
    await expect(waves.nth(1)).toContainText('Over');
    await picture(page, 'job-waves');
    await expectAccessible(page, 'job in waves');
  });

  await test.step('an operator may not stop it, a supervisor may', async () => {
    await page.route('**/api/v1/session', (route) => route.fulfill({ json: { name: 'ada', role: 'operator', expiresAt: null } }));
    await page.reload();
    await expect(page.getByRole('button', { name: 'Stop job' })).toHaveAttribute('title', 'Your role lacks jobs/forceCancel');
    await page.unroute('**/api/v1/session');
    await page.reload();
    await page.getByRole('button', { name: 'Stop job' }).click();
    const question = page.getByRole('dialog', { name: `Stop ${id}?` });
    await expect(question).toContainText('What was done until now stays');
    await expectAccessible(page, 'stopping a job');
    await question.getByRole('button', { name: 'Stop job' }).click();
    await expect(state(page)).toHaveText('Stopped');
    await expect(page.getByRole('button', { name: 'Pause', exact: true })).toHaveAttribute('title', 'The job is over');
    await expect(waves.last()).toContainText('Never begun');
  });

  await test.step('a job that nobody knows', async () => {
    await page.goto(at('jobs/nobody-knows'));
    await expect(page.getByRole('heading', { name: 'There is no job nobody-knows' }).last()).toBeVisible();
    await expectAccessible(page, 'unknown job');
  });
});

test('r14: a freeze holds what interrupts, with its reason, and an override is in the record', async ({ page, emptyHub, makeDevice, service, at }) => {
  test.setTimeout(120_000);
  await (await makeDevice('frozen-1', { methods: { reboot: () => [200, { ok: true }] } })).connect();
  const hour = 3_600_000;
  await service.request('PUT', '/api/v1/maintenance-policies/year-end', {
    priority: 10, targetCondition: '*', appliesTo: ['*'],
    blackouts: [{ from: new Date(Date.now() - hour).toISOString(), to: new Date(Date.now() + 24 * hour).toISOString(), reason: 'year-end freeze' }],
  });
  const held = name('held');
  await service.request('PUT', `/jobs/v2/${held}`, {
    type: 'scheduleDeviceMethod', queryCondition: "deviceId = 'frozen-1'", maxExecutionTimeInSeconds: 600,
    cloudToDeviceMethod: { methodName: 'reboot', responseTimeoutInSeconds: 10 },
  });
  const urgent = name('urgent');
  try {
    await test.step('the job says what holds it', async () => {
      await page.goto(at(`jobs/${held}`));
      const row = page.getByRole('group', { name: 'Devices of the job' }).getByRole('row').filter({ hasText: 'frozen-1' });
      await expect(row).toContainText('Held');
      await expect(row).toContainText('year-end freeze');
      await picture(page, 'job-held');
      await expectAccessible(page, 'held job');
    });

    await test.step('an urgent one runs in spite of it, with a reason in any language', async () => {
      await page.getByRole('link', { name: 'Schedule again' }).click();
      await page.getByRole('button', { name: 'Next' }).click();
      await page.getByRole('button', { name: 'Next' }).click();
      await page.getByLabel('Job id').fill(urgent);
      await page.getByRole('button', { name: 'Next' }).click();
      const why = page.getByLabel('Reason to run in spite of maintenance policies');
      await why.fill('short');
      await expect(page.getByText('10 to 256 characters')).toBeVisible();
      await why.fill('누수가 있어 오늘 반드시 고쳐야 합니다');
      await picture(page, 'schedule-override');
      await page.getByRole('button', { name: 'Schedule job' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Schedule job' }).click();
      await expect(page).toHaveURL(new RegExp(`/console/jobs/${urgent}$`));
      await expect(state(page)).toHaveText('Completed', { timeout: 30_000 });
    });

    await test.step('the record tells who and why, and an alert does', async () => {
      const { records } = await service.request('GET', '/api/v1/audit?action=createJob&top=1');
      expect(JSON.stringify(records[0])).toContain('누수가 있어 오늘 반드시 고쳐야 합니다');
      expect(records[0].actor).toMatch(/^person:/);
      const { items } = await service.request('GET', '/api/v1/alerts');
      expect(items.some((alert) => alert.rule === 'overrideUsed')).toBe(true);
    });
  } finally {
    await service.request('DELETE', '/api/v1/maintenance-policies/year-end', undefined, { 'If-Match': '*' });
    await service.request('POST', `/jobs/v2/${held}/cancel?force=true`);
  }
});
