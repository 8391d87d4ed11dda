import { defineConfig } from '@playwright/test';
import { chromiumLaunch } from './e2e/chromium';

// The tests of the whole product reuse this with SURVEILLX_E2E_DIR naming their folder.
export default defineConfig({
  testDir: process.env['SURVEILLX_E2E_DIR'] ?? './e2e',
  outputDir: './test-results',
  timeout: 60_000,
  expect: { timeout: 20_000 },
  fullyParallel: true,
  workers: 2,
  forbidOnly: true,
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    headless: true,
    launchOptions: chromiumLaunch,
    colorScheme: 'dark',
    viewport: { width: 1280, height: 800 },
    screenshot: 'only-on-failure',
    trace: 'off',
  },
});
