// A picture of every screen: of a small fleet at work, stored under docs/images/screens and compared
// with what the console shows now. Times, ids and counts differ from run to run, so a share of the
// pixels may. SKERRY_UPDATE_IMAGES=1 writes them anew.
import { expect, test } from './fixtures.mjs';
import { furnish, PICTURED, unfurnish } from './pictured-fleet.mjs';

const SCREENS = [
  ['overview', '', 'Fleet overview'],
  ['alerts', 'alerts?show=all', 'Alerts'],
  ['alert-rules', 'alerts/rules', 'Alert rules'],
  ['devices', 'devices', 'Devices'],
  ['device-identity', `devices/${PICTURED}`, PICTURED],
  ['device-timeline', `devices/${PICTURED}/timeline`, PICTURED],
  ['device-twin', `devices/${PICTURED}/twin`, PICTURED],
  ['device-telemetry', `devices/${PICTURED}/telemetry`, PICTURED],
  ['device-methods', `devices/${PICTURED}/methods`, PICTURED],
  ['device-messages', `devices/${PICTURED}/messages`, PICTURED],
  ['device-modules', `devices/${PICTURED}/modules`, PICTURED],
  ['device-configuration', `devices/${PICTURED}/configuration`, PICTURED],
  ['device-history', `devices/${PICTURED}/history`, PICTURED],
  ['map', 'map', 'Map'],
  ['query', 'query?q=SELECT%20deviceId%2C%20tags.site%20FROM%20devices', 'Query'],
  ['archive', 'archive', 'Archive'],
  ['configurations', 'configurations', 'Configurations'],
  ['configuration', 'configurations/pumps-valves', 'pumps-valves'],
  ['configure', 'configure', 'New configuration'],
  ['jobs', 'jobs', 'Jobs'],
  ['job', 'jobs/pumps-interval', 'pumps-interval'],
  ['schedule', 'schedule?condition=*', 'Schedule a job'],
  ['progress', 'progress', 'Progress'],
  ['events', 'events?from=earliest', 'Events'],
  ['routing', 'routing', 'Routes'],
  ['audit', 'audit', 'Audit'],
  ['operations', 'operations', 'Refused connections'],
  ['transfers', 'transfers', 'Import and export'],
  ['import', 'transfers/import', 'Import a file'],
  ['limits', 'limits', 'Limits'],
  ['developers', 'developers', 'Developers'],
  ['compatibility', 'developers/compatibility', 'Developers'],
  ['reference', 'developers/api?group=Device%20identities&operation=putDevice', 'Developers'],
  ['approvals', 'access', 'Approvals'],
  ['accounts', 'access/accounts', 'Accounts'],
  ['api-tokens', 'access/api-tokens', 'API tokens'],
  ['sessions', 'access/sessions', 'Sessions'],
  ['policies', 'access/policies', 'Shared access policies'],
  ['maintenance', 'settings', 'Maintenance policies'],
  ['patterns', 'settings/patterns', 'Patterns'],
  ['certificates', 'settings/certificates', 'CA certificates'],
  ['tag-schema', 'settings/tag-schema', 'Schema of tags'],
  ['query-indexes', 'settings/query-indexes', 'Query indexes'],
  ['consumer-groups', 'settings/consumer-groups', 'Consumer groups'],
  ['messaging', 'settings/messaging', 'Messages'],
  ['file-upload', 'settings/file-upload', 'File upload'],
  ['twin-history', 'settings/twin-history', 'History of twins'],
];

/** How much of a picture may differ. */
const TOLERANCE = 0.06;

test.use({ viewport: { width: 1440, height: 900 }, colorScheme: 'light' });

test('every screen looks as it is pictured', async ({ page, emptyHub, makeDevice, service, at }) => {
  test.setTimeout(300_000);
  const devices = await furnish(service, makeDevice);
  for (const device of devices.values()) await device.send({ temperature: 21.5, flow: 14.2 });
  try {
    for (const [name, where, heading] of SCREENS) {
      await test.step(name, async () => {
        await page.goto(at(where));
        await expect(page.getByRole('heading', { name: heading, level: 1 })).toBeVisible();
        await expect(page.getByRole('status').filter({ hasText: 'Loading' })).toHaveCount(0);
        await expect.soft(page).toHaveScreenshot(`${name}.png`, { maxDiffPixelRatio: TOLERANCE, animations: 'disabled', caret: 'hide' });
      });
    }
  } finally {
    await unfurnish(service);
  }
});
