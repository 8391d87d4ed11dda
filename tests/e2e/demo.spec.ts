import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test, type Page } from '@playwright/test';
import { Product, randomNames } from './product';

const weights = process.env['SURVEILLX_MODELS'] ?? resolve(__dirname, '../../../shared/models');

const engines = [
  { engine: 'yunet+dlib', models: weights },
  { engine: 'builtin', models: null },
];

/** The pixels that the tile shows now, small. */
async function pixels(page: Page): Promise<string> {
  return page.getByTestId('tile-demo').locator('canvas').first().evaluate((canvas: HTMLCanvasElement) => {
    const small = document.createElement('canvas');
    small.width = 64;
    small.height = 36;
    small.getContext('2d')?.drawImage(canvas, 0, 0, 64, 36);
    return small.toDataURL();
  });
}

for (const { engine, models } of engines) {
  test.describe(engine, () => {
    test.describe.configure({ mode: 'serial', timeout: 240_000 });
    const product = new Product();
    const names = randomNames(12);

    test.beforeAll(async () => {
      test.skip(models !== null && !existsSync(models), `no weights in ${models}`);
      await product.start(names, models);
    });
    test.afterAll(async () => product.stop());

    test('a drawn person is seen live, named, and marked present; a stranger stays unknown', async ({ page }, info) => {
      await page.goto(product.url);
      await page.getByLabel('Username').fill('admin');
      await page.getByLabel('Password').fill(product.password);
      await page.getByRole('button', { name: 'Sign in' }).click();

      const tile = page.getByTestId('tile-demo');
      await expect(tile.getByTestId('tile-state')).toHaveText(/live/i, { timeout: 60_000 });
      const first = await pixels(page);
      await expect.poll(() => pixels(page), { timeout: 30_000 }).not.toBe(first);

      // Whatever is read under the picture until a stranger has been decided: every name is one of ours.
      const faces = tile.getByTestId('tile-faces');
      const seen = new Set<string>();
      const enrolled = new RegExp(names.join('|'));
      await expect
        .poll(
          async () => {
            for (const text of await faces.locator('li').allTextContents()) seen.add(text);
            return [...seen].some((text) => enrolled.test(text));
          },
          { timeout: 120_000, intervals: [250] },
        )
        .toBe(true);
      await page.screenshot({ path: info.outputPath('live.png') });
      await expect
        .poll(
          async () => {
            for (const text of await faces.locator('li').allTextContents()) seen.add(text);
            return [...seen].some((text) => /unknown/i.test(text));
          },
          { timeout: 120_000, intervals: [250] },
        )
        .toBe(true);
      await page.screenshot({ path: info.outputPath('stranger.png') });
      for (const text of seen) expect(text).toMatch(new RegExp(`unknown|pending|checking|looking|${enrolled.source}`, 'i'));

      await page.getByRole('link', { name: 'Attendance' }).click();
      const rows = page.getByTestId('attendance-row');
      await expect(rows.first()).toBeVisible({ timeout: 30_000 });
      for (const row of await rows.allTextContents()) expect(row).toMatch(enrolled);
      await page.screenshot({ path: info.outputPath('attendance.png') });
    });

    test('the engine that is for trying out says so, the real one does not', async ({ page }) => {
      await page.goto(product.url);
      await page.getByLabel('Username').fill('admin');
      await page.getByLabel('Password').fill(product.password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await expect(page.getByTestId('tile-demo')).toBeVisible();
      await expect(page.getByText(/trying out/i)).toHaveCount(models === null ? 1 : 0);
    });
  });
}
