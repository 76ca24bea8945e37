// What an operator does with a first device, from its creation to its deletion, in one go.
import { expect, expectAccessible, picture, test } from './fixtures.mjs';

const ID = 'browser-pump-1';

test('create, connect, watch, configure, call, message, disable, delete', async ({ page, service, emptyHub, makeDevice, at, watch }) => {
  test.setTimeout(240_000);
  await page.goto(at(''));

  await test.step('the overview of an empty hub shows the first steps', async () => {
    await expect(page.getByRole('heading', { name: 'Connect your first device' })).toBeVisible();
    await expect(page.getByText('azure-iot-device').first()).toBeVisible();
    await picture(page, 'overview-empty');
    await expectAccessible(page, 'empty overview');
  });

  await test.step('a device is created in the console', async () => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Devices' }).click();
    await expect(page.getByRole('heading', { name: 'No device yet' })).toBeVisible();
    await picture(page, 'devices-empty');
    await expectAccessible(page, 'empty device list');
    await page.getByRole('button', { name: 'Add device' }).first().click();
    const dialog = page.getByRole('dialog', { name: 'Add a device' });
    await expect(dialog.getByLabel('Device id')).toBeFocused();
    await expectAccessible(page, 'create dialog');
    await dialog.getByLabel('Device id').fill('not a valid id');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await expect(dialog.getByText('“ ” cannot be part of an id.')).toBeVisible();
    await dialog.getByLabel('Device id').fill(ID);
    await dialog.getByRole('button', { name: 'Create' }).click();
    const ready = page.getByRole('dialog', { name: `${ID} is ready` });
    // The dialog follows the hub's acknowledgement; before it there may be no such device.
    await expect(ready).toBeVisible();
    const { authentication } = await service.device(ID);
    await expect(ready.getByText(`HostName=${service.hostName};DeviceId=${ID};SharedAccessKey=${authentication.symmetricKey.primaryKey}`)).toBeVisible();
    await picture(page, 'device-created');
    await ready.getByRole('link', { name: 'Open device' }).click();
    await expect(page).toHaveURL(new RegExp(`/console/devices/${ID}$`));
    await expect(page.getByRole('heading', { name: ID })).toBeVisible();
    await expect(page.getByText('Never seen').first()).toBeVisible();
  });

  const tabs = page.getByRole('navigation', { name: 'Device sections' });
  const device = await makeDevice(ID, {
    exists: true,
    methods: { reboot: ({ delay }) => [202, `rebooting in ${delay}`] },
  });

  await test.step('it connects, and the console shows it by itself', async () => {
    await device.connect();
    await expect(page.getByRole('status').filter({ hasText: /^Connected$/ })).toBeVisible();
    await expect(page.getByText('browser-tests/1.0')).toBeVisible();
    await picture(page, 'device-identity');
    await expectAccessible(page, 'identity tab');
    const { primaryKey } = (await service.device(ID)).authentication.symmetricKey;
    expect(await page.locator('body').innerText(), 'keys are masked').not.toContain(primaryKey);
    await page.getByRole('button', { name: 'Reveal Primary key' }).click();
    await expect(page.getByText(primaryKey, { exact: true })).toBeVisible();
    await page.getByRole('button', { name: 'Hide Primary key' }).click();
    await expect(page.getByText(primaryKey, { exact: true })).toBeHidden();
  });

  await test.step('telemetry shows the moment it is stored, and as a chart', async () => {
    await tabs.getByRole('link', { name: 'Telemetry' }).click();
    await expect(page.getByText('Listening')).toBeVisible();
    await device.send({ temperature: 20.5, pressure: 3, note: 'first light' });
    await expect(page.getByText('first light').first()).toBeVisible();
    for (let count = 1; count <= 12; count += 1) await device.send({ temperature: 20.5 + Math.sin(count), pressure: 3 + count / 10 });
    const chart = page.getByRole('img', { name: /temperature.* over time, \d+ points/ });
    // The first number found is drawn by itself.
    await expect(chart).toBeVisible();
    await picture(page, 'device-telemetry');
    await expectAccessible(page, 'telemetry tab');

    await page.getByRole('button', { name: 'Pause' }).click();
    await device.send({ note: 'sent while paused' });
    await expect(page.getByRole('button', { name: 'Resume, 1 waiting' })).toBeVisible();
    await expect(page.getByText('sent while paused')).toBeHidden();
    await page.getByRole('button', { name: /^Resume/ }).click();
    await expect(page.getByText('sent while paused').first()).toBeVisible();
  });

  await test.step('a desired change is reviewed, saved, applied and reported back', async () => {
    await tabs.getByRole('link', { name: 'Twin' }).click();
    const editor = page.getByLabel('Edit desired properties as JSON');
    await expect(page.getByText('The device has not reported anything yet.')).toBeVisible();
    await editor.fill('{"interval": }');
    await expect(page.getByText(/Line 1, column 14/)).toBeVisible();
    await expect(page.getByRole('button', { name: 'Review change' })).toHaveAttribute('aria-disabled', 'true');
    await editor.fill('{\n  "interval": 30,\n  "mode": "night"\n}');
    await expect(page.getByText('2 changes')).toBeVisible();
    expect((await service.twin(ID)).properties.desired.interval, 'nothing is sent before the review').toBeUndefined();
    await page.getByRole('button', { name: 'Review change' }).click();
    const difference = page.getByRole('group', { name: 'Difference, old against new' });
    await expect(difference).toContainText('"interval": 30');
    await picture(page, 'twin-review');
    await expectAccessible(page, 'twin review');
    await page.getByRole('button', { name: 'Save as version 2' }).click();
    await expect(page.getByText(`Desired properties of ${ID} saved as version 2`)).toBeVisible();
    const reported = page.getByRole('group', { name: 'Reported' });
    await expect(reported).toContainText('"night"');
    await expect(page.getByText('In step with desired')).toBeVisible();
    await expect.poll(async () => (await service.twin(ID)).properties.reported.interval).toBe(30);
    await picture(page, 'device-twin');
    await expectAccessible(page, 'twin tab');
  });

  await test.step('a change by somebody else in between is shown, not overwritten', async () => {
    const editor = page.getByLabel('Edit desired properties as JSON');
    await editor.fill('{\n  "interval": 45,\n  "mode": "night"\n}');
    await service.patchTwin(ID, { properties: { desired: { interval: 99 } } });
    await expect(page.getByText('The twin moved while you were editing.')).toBeVisible();
    await page.getByRole('button', { name: 'Discard my change' }).click();
    await expect(editor).toHaveValue(/"interval": 99/);
  });

  await test.step('a method is called and its answer shown', async () => {
    await tabs.getByRole('link', { name: 'Methods' }).click();
    await page.getByLabel('Method name').fill('reboot');
    await page.getByLabel('Payload (JSON)').fill('{"delay": 5}');
    await expectAccessible(page, 'methods tab');
    await page.getByRole('button', { name: 'Call method' }).click();
    await expect(page.getByText('Status 202').first()).toBeVisible();
    await expect(page.getByText('"rebooting in 5"').first()).toBeVisible();
    await picture(page, 'device-methods');
  });

  await test.step('a message waits in the queue and is delivered', async () => {
    await tabs.getByRole('link', { name: 'Messages' }).click();
    await device.close();
    await expect(page.getByRole('heading', { name: 'Nothing is waiting' })).toBeVisible();
    await page.getByLabel('Body').fill('open the valve');
    await page.getByLabel('Message id').fill('cmd-1');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await expect(page.getByText(`Message queued for ${ID}`)).toBeVisible();
    await expect(page.getByRole('cell', { name: 'cmd-1' })).toBeVisible();
    await picture(page, 'device-messages');
    await expectAccessible(page, 'messages tab');
    await device.connect();
    await expect.poll(() => device.messages.map(({ body }) => body)).toEqual(['open the valve']);
    expect(device.messages[0].topic).toContain('%24.mid=cmd-1');
    await expect(page.getByRole('heading', { name: 'Nothing is waiting' })).toBeVisible();
  });

  await test.step('disabling closes the connection and says so; enabling lets it back', async () => {
    await page.getByRole('button', { name: 'Disable', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: `Disable ${ID}?` });
    await dialog.getByLabel('Reason').fill('valve inspection');
    await expectAccessible(page, 'disable dialog');
    await dialog.getByRole('button', { name: 'Disable' }).click();
    await expect(page.getByText('Reason: valve inspection')).toBeVisible();
    await device.closed;
    await expect(page.getByRole('status').filter({ hasText: /^Disconnected$/ })).toBeVisible();
    await page.getByRole('button', { name: 'Enable', exact: true }).click();
    await expect(page.getByText('Reason: valve inspection')).toBeHidden();
    await device.connect();
    await expect(page.getByRole('status').filter({ hasText: /^Connected$/ })).toBeVisible();
  });

  await test.step('the list and the overview count it', async () => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Devices' }).click();
    const row = page.getByRole('row').filter({ hasText: ID });
    await expect(row).toContainText('Connected');
    await picture(page, 'devices');
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Overview' }).click();
    await expect(page.getByText('1 connected, 0 disconnected, 0 never seen').or(page.getByLabel('1 connected, 0 disconnected, 0 never seen'))).toHaveCount(1);
    await picture(page, 'overview');
    await expectAccessible(page, 'overview with a device');
  });

  await test.step('deleting asks for the name and cuts the device off', async () => {
    await page.goto(at(`devices/${ID}`));
    await page.getByRole('button', { name: 'Delete', exact: true }).first().click();
    const dialog = page.getByRole('dialog', { name: `Delete ${ID}?` });
    const sure = dialog.getByRole('button', { name: 'Delete', exact: true });
    await expect(sure).toHaveAttribute('aria-disabled', 'true');
    await expectAccessible(page, 'delete dialog');
    await dialog.getByLabel(`Type ${ID} to confirm`).fill(ID);
    // The page may ask once more for what it just deleted.
    watch.allowAnswer(404, new RegExp(`/devices/${ID}(/|$)`));
    await sure.click();
    await expect(page.getByText(`${ID} is deleted`)).toBeVisible();
    await device.closed;
    await expect(service.device(ID)).rejects.toThrow('DeviceNotFound');
  });
});
