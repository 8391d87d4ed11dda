import type { LaunchOptions } from '@playwright/test';

/** How the tests start Chromium: the system's own, quiet, and without any network of its own. */
export const chromiumLaunch: LaunchOptions = {
  executablePath: process.env['SURVEILLX_CHROMIUM'] ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};
