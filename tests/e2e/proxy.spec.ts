import { existsSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { kNginx, Nginx } from './nginx';
import { Product, randomNames } from './product';

test.use({ ignoreHTTPSErrors: true });

for (const strips of [true, false]) {
  test.describe(`behind nginx under /sx/, which ${strips ? 'takes the prefix off' : 'leaves the prefix on'}`, () => {
    test.describe.configure({ mode: 'serial', timeout: 240_000 });
    const product = new Product();
    const nginx = new Nginx();

    test.beforeAll(async () => {
      test.setTimeout(240_000);
      test.skip(!existsSync(kNginx), 'nginx is not installed (deploy/packages-test.txt)');
      await product.start(randomNames(2), null, ['base_path = "/sx"', 'trusted_proxies = ["127.0.0.1"]']);
      await nginx.start(product.url, strips);
    });
    test.afterAll(async () => {
      await nginx.stop();
      await product.stop();
    });

    test('the dashboard signs in, shows live pictures, and stands a reload on every page', async ({ page, context }) => {
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text());
      });
      const outside: string[] = [];
      page.on('request', (request) => {
        const url = new URL(request.url());
        if (url.protocol !== 'blob:' && !url.pathname.startsWith('/sx/')) outside.push(request.url());
      });
      page.on('websocket', (socket) => {
        if (!new URL(socket.url()).pathname.startsWith('/sx/')) outside.push(socket.url());
      });

      // A page below the root first, not signed in: the way a bookmark comes.
      await page.goto(`${nginx.url}/sx/attendance`);
      await page.getByLabel('Username').fill('admin');
      await page.getByLabel('Password').fill(product.password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await expect(page.getByRole('link', { name: 'Attendance' })).toHaveAttribute('aria-current', 'page');
      expect(new URL(page.url()).pathname).toBe('/sx/attendance');

      const cookies = await context.cookies(`${nginx.url}/sx/`);
      expect(cookies.map((cookie) => cookie.name)).toContain('__Secure-surveillx_session');
      for (const cookie of cookies) expect(cookie).toMatchObject({ path: '/sx', secure: true, httpOnly: true });
      expect(await context.cookies(`${nginx.url}/other/`)).toEqual([]);

      await page.getByRole('link', { name: 'Live', exact: true }).click();
      expect(new URL(page.url()).pathname).toBe('/sx/');
      const tile = page.getByTestId('tile-demo');
      await expect(tile.getByTestId('tile-state')).toHaveText(/live/i, { timeout: 60_000 });
      await expect(tile.getByTestId('tile-fps')).not.toHaveText('0 fps', { timeout: 30_000 });

      await page.getByRole('link', { name: 'Attendance' }).click();
      expect(new URL(page.url()).pathname).toBe('/sx/attendance');
      await page.reload();
      await expect(page.getByRole('link', { name: 'Attendance' })).toHaveAttribute('aria-current', 'page');
      await page.goBack();
      await expect(tile.getByTestId('tile-state')).toHaveText(/live/i, { timeout: 30_000 });
      await page.goto(`${nginx.url}/sx`);
      await expect(tile.getByTestId('tile-state')).toHaveText(/live/i, { timeout: 30_000 });

      expect(outside.filter((url) => new URL(url).pathname !== '/sx')).toEqual([]);
      expect(complaints).toEqual([]);
    });
  });
}
