// What every browser test stands on: the hub of the run, and a page that may not misbehave silently.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { test as base, expect } from '@playwright/test';
import { artefacts, readyCopy } from './places.mjs';
import { Device } from './device.mjs';
import { Service } from './service.mjs';

/** Watches a page: console errors, exceptions and failed requests are failures unless announced. */
export class Watch {
  constructor(page) {
    this.problems = [];
    this.answers = [];
    this.failures = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.judgeConsole(message.text(), message.location().url);
    });
    page.on('pageerror', (error) => this.problems.push(`exception: ${error.message}`));
    page.on('requestfailed', (request) => {
      const reason = request.failure()?.errorText ?? '';
      // The browser itself ends polls and streams of a page that it leaves.
      if (reason === 'net::ERR_ABORTED' || this.failures.includes(reason)) return;
      this.problems.push(`request failed: ${reason} ${request.method()} ${request.url()}`);
    });
    page.on('response', (response) => {
      if (response.status() < 400 || this.announced(response.status(), response.url())) return;
      this.problems.push(`answer ${response.status()}: ${response.request().method()} ${response.url()}`);
    });
  }

  /** Chromium logs failed loads by itself; only the announced ones may pass, everything else is the page's doing. */
  judgeConsole(text, url) {
    const [, status] = /^Failed to load resource: the server responded with a status of (\d{3})\b/.exec(text) ?? [];
    if (status && this.announced(Number(status), url)) return;
    const [, reason] = /^Failed to load resource: (net::ERR_[A-Z_]+)$/.exec(text) ?? [];
    if (reason && this.failures.includes(reason)) return;
    this.problems.push(`console: ${text} (${url})`);
  }

  announced(status, url) {
    const { pathname } = new URL(url);
    return this.answers.some((answer) => answer.status === status && answer.path.test(pathname));
  }

  /** Announces an error answer that this test provokes on purpose. */
  allowAnswer(status, path) {
    this.answers.push({ status, path });
  }

  /** Announces how requests fail while the hub of this test is away. */
  allowFailures(...reasons) {
    this.failures.push(...reasons);
  }
}

/** Nothing fades or rises any more; what turns for ever, such as a sign of waiting, does not count. */
export async function still(page) {
  await page.waitForFunction(() => document.getAnimations().every((one) => one.playState !== 'running' || one.effect.getComputedTiming().iterations === Infinity));
}

/** Fails on anything that axe finds against WCAG 2.2 AA; the test goes on, to find the rest too. */
export async function expectAccessible(page, screen) {
  // Half-faded colours are nobody's.
  await still(page);
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  const found = violations.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map((node) => `${node.html}\n    ${node.failureSummary}`).join('\n  ')}`);
  expect.soft(found, `axe on ${screen}`).toEqual([]);
}

/** Keeps a picture of a screen for people to look at. */
export async function picture(page, name) {
  await still(page);
  await page.screenshot({ path: path.join(artefacts, 'screens', `${name}.png`) });
}

/** Away from what is about to be deleted: a page that still asks for it would be told that it is gone. */
async function leave(page) {
  if (!page.isClosed()) await page.goto('about:blank');
}

export const test = base.extend({
  ready: [async ({}, use) => {
    await use(JSON.parse(readFileSync(readyCopy, 'utf8')));
  }, { scope: 'worker' }],

  service: [async ({ ready }, use) => {
    await use(new Service(ready));
  }, { scope: 'worker' }],

  watch: [async ({ page }, use) => {
    const watch = new Watch(page);
    await use(watch);
    expect(watch.problems, 'the page must work without errors').toEqual([]);
  }, { auto: true }],

  // A hub without devices before and after.
  emptyHub: async ({ service, page }, use) => {
    await service.deleteAllDevices();
    await use();
    await leave(page);
    await service.deleteAllDevices();
  },

  // Registers devices, or adopts those that exist; closes and deletes them afterwards.
  makeDevice: async ({ service, page }, use) => {
    const made = [];
    await use(async (id, { methods, exists = false } = {}) => {
      const device = new Device(service, await (exists ? service.device(id) : service.createDevice(id)), methods);
      made.push(device);
      return device;
    });
    await leave(page);
    for (const device of made) {
      await device.close();
      await service.deleteDevice(device.id).catch((error) => {
        // A test may have deleted its device already.
        if (!error.message.includes(' 404 ')) throw error;
      });
    }
  },

  /** The console's address of a path. */
  at: async ({ ready }, use) => {
    await use((where) => `${ready.url}/console/${where}`);
  },
});

export { expect };
