// The console in Debian's Chromium, against a hub that the set-up starts.
import { defineConfig } from '@playwright/test';
import { artefacts, root, sessionFile } from './places.mjs';

// Everything that would let Chromium talk to anybody but the hub is off.
const CHROMIUM_ARGUMENTS = [
  '--no-sandbox',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

export default defineConfig({
  testDir: '.',
  outputDir: `${artefacts}/failures`,
  globalSetup: './global-setup.mjs',
  reporter: [['list']],
  // One hub and two cores: tests that share a hub run one after another.
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  // Pictures that the documentation shows too; tests never write them.
  snapshotPathTemplate: `${root}/docs/images/screens/{arg}{ext}`,
  updateSnapshots: process.env.SKERRY_UPDATE_IMAGES === '1' ? 'all' : 'none',
  use: {
    browserName: 'chromium',
    launchOptions: {
      executablePath: process.env.SKERRY_CHROMIUM ?? '/usr/bin/chromium',
      args: CHROMIUM_ARGUMENTS,
    },
    viewport: { width: 1360, height: 860 },
    locale: 'en-GB',
    timezoneId: 'Asia/Seoul',
    colorScheme: 'light',
    trace: 'retain-on-failure',
    actionTimeout: 15_000,
  },
  projects: [
    // Redeems the hub's one-time link and keeps the session for the others.
    { name: 'sign-in', testMatch: 'sign-in.spec.mjs' },
    // First, of a hub on which nothing has happened yet.
    { name: 'pictures', testMatch: 'screens.spec.mjs', dependencies: ['sign-in'], use: { storageState: sessionFile } },
    {
      name: 'console',
      testMatch: '*.spec.mjs',
      // These have projects, or a configuration, of their own.
      testIgnore: ['sign-in.spec.mjs', 'screens.spec.mjs', 'outage.spec.mjs', 'measure.spec.mjs'],
      dependencies: ['sign-in'],
      use: { storageState: sessionFile },
    },
    // Starts and stops hubs of its own.
    { name: 'outage', testMatch: 'outage.spec.mjs', dependencies: ['console'] },
  ],
});
