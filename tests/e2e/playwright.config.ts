import base from '../../dashboard/playwright.config';
import { defineConfig } from '@playwright/test';

// The whole product runs beside the browser, so one test at a time is enough for two cores.
export default defineConfig(base, { testDir: '.', outputDir: '../../build/e2e-results', workers: 1, fullyParallel: false });
