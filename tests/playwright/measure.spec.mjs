// What is promised of the console's speed, measured. See measure.config.mjs for the command.
import { expect, test } from './fixtures.mjs';
import { makeFleet } from './fleet.mjs';
import { dragThrough, framesSeen, inputsSeen, spread, watchFrames, watchInputs } from './frames.mjs';

const DEVICES = Number(process.env.SKERRY_MEASURE_DEVICES ?? 100_000);
const PAINT_MILLISECONDS = 1_500;
const FRAME_MILLISECONDS = 50;
const INPUT_MILLISECONDS = 100;
/** A frame is told to the tenth of a millisecond and comes with the screen's beat: three of it are 50.0 or 50.1. */
const BEAT = 0.5;
const TAIL_SECONDS = 10;
const MESSAGES_PER_SECOND = 1_000;

const print = (name, figures) => console.log(`${name}: ${JSON.stringify(figures)}`);

test('the first paint comes soon', async ({ page, at }) => {
  const paints = [];
  for (let run = 0; run < 5; run += 1) {
    await page.goto(at(''));
    await expect(page.getByRole('heading', { name: 'Fleet overview' })).toBeVisible();
    const paint = await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime);
    paints.push(await paint.jsonValue());
    await page.goto('about:blank');
  }
  print('first contentful paint, ms', spread(paints));
  expect(Math.max(...paints)).toBeLessThanOrEqual(PAINT_MILLISECONDS);
});

test('a hundred thousand devices are scrolled from end to end', async ({ page, service, at }) => {
  await makeFleet(service, DEVICES);
  await page.goto(at('devices'));
  const grid = page.getByRole('grid', { name: 'Devices' });
  await expect(grid).toHaveAttribute('aria-rowcount', String(DEVICES + 1));
  await expect(page.getByRole('link', { name: 'pump-000000' })).toBeVisible();
  const missed = [];
  const measured = async (name, run) => {
    await grid.evaluate((element) => { element.scrollTop = 0; });
    await expect(page.getByRole('link', { name: 'pump-000000' })).toBeVisible();
    await watchFrames(page);
    const begin = performance.now();
    await run();
    const seconds = Math.round((performance.now() - begin) / 100) / 10;
    const seen = await framesSeen(page);
    print(name, { seconds, ...seen });
    if (seen.frames.max > FRAME_MILLISECONDS + BEAT) missed.push(`${name}: a frame of ${seen.frames.max} ms`);
  };
  await measured('dragged through in 1,200 frames', () => dragThrough(page, 1_200));
  await measured('dragged through in 200 frames', () => dragThrough(page, 200));
  await measured('wheel, 600 turns', async () => {
    const { x, y, width, height } = await grid.boundingBox();
    await page.mouse.move(x + width / 2, y + height / 2);
    for (let turn = 0; turn < 600; turn += 1) {
      await page.mouse.wheel(0, 200);
      await page.evaluate(() => new Promise(requestAnimationFrame));
    }
  });
  await measured('twenty places, each waited for', async () => {
    for (let place = 1; place <= 20; place += 1) {
      const index = Math.floor(((DEVICES - 30) * place) / 20);
      await grid.evaluate((element, index) => { element.scrollTop = index * 38; }, index);
      await expect(page.getByRole('link', { name: `pump-${String(index).padStart(6, '0')}` })).toBeVisible();
    }
  });
  await grid.evaluate((element) => { element.scrollTop = element.scrollHeight; });
  await expect(page.getByRole('link', { name: `pump-${String(DEVICES - 1).padStart(6, '0')}` }), 'the last one is there').toBeVisible();
  expect(missed).toEqual([]);
});

for (const [name, where] of [['of a device', (id) => `devices/${id}/telemetry`], ['of all sources', () => 'events']]) {
  test(`the tail ${name} leaves the keyboard alone`, async ({ page, service, makeDevice, at }) => {
    await service.request('PUT', '/api/v1/throttles', { units: 1000 });
    const device = await makeDevice('fast-1');
    await device.connect();
    await page.goto(at(where(device.id)));
    await expect(page.getByText('Listening')).toBeVisible();
    let sent = 0;
    const topic = `devices/${device.id}/messages/events/%24.ct=application%2Fjson&%24.ce=utf-8`;
    const begin = performance.now();
    const timer = setInterval(() => {
      const due = Math.floor(((performance.now() - begin) / 1000) * MESSAGES_PER_SECOND);
      for (; sent < due; sent += 1) device.client.publish(topic, JSON.stringify({ temperature: 20 + Math.sin(sent / 50), number: sent, state: sent % 3 ? 'on' : 'off' }), { qos: 0 });
    }, 10);
    try {
      await expect(page.locator('.tail .event').first()).toBeVisible();
      await expect.poll(() => sent).toBeGreaterThan(2 * MESSAGES_PER_SECOND);
      await watchFrames(page);
      await watchInputs(page);
      const field = page.getByRole('searchbox', { name: 'Filter by text' });
      await field.click();
      const typing = performance.now();
      const before = sent;
      for (let letter = 0; performance.now() - typing < TAIL_SECONDS * 1000; letter += 1) {
        // As fast as people type.
        await page.keyboard.press(letter % 8 < 4 ? 'off"'[letter % 4] : 'Backspace', { delay: 80 });
      }
      const seconds = (performance.now() - typing) / 1000;
      const inputs = await inputsSeen(page);
      print(`tail ${name}`, { perSecond: Math.round((sent - before) / seconds), inputs, ...(await framesSeen(page)) });
      expect(inputs.max).toBeLessThanOrEqual(INPUT_MILLISECONDS);
      expect(inputs.keys, 'keys were watched').toBeGreaterThan(50);
    } finally {
      clearInterval(timer);
    }
  });
}
