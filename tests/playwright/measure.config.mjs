// Figures of the console in a real browser: how smooth, how soon. Apart from the tests, since they
// take minutes and a machine that does nothing else:
//   node_modules/.bin/playwright test --config playwright/measure.config.mjs
import { defineConfig } from '@playwright/test';
import tests from './playwright.config.mjs';
import { sessionFile } from './places.mjs';

export default defineConfig({
  ...tests,
  timeout: 600_000,
  use: { ...tests.use, trace: 'off' },
  projects: [
    { name: 'sign-in', testMatch: 'sign-in.spec.mjs' },
    { name: 'measure', testMatch: 'measure.spec.mjs', dependencies: ['sign-in'], use: { storageState: sessionFile } },
  ],
});
