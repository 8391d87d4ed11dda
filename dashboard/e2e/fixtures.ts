import AxeBuilder from '@axe-core/playwright';
import { expect, test as base, type Page } from '@playwright/test';
import { Mock } from '../mock/mock.mjs';

/** A mock server for each test, and a way in. */
export const test = base.extend<{ mock: Mock; signIn: (path?: string) => Promise<void> }>({
  mock: async ({}, use) => {
    const mock = await new Mock().listen();
    await use(mock);
    await mock.close();
  },
  signIn: async ({ mock, page }, use) => {
    await use(async (path = '/') => {
      await page.goto(mock.url + path);
      await page.getByLabel('Username').fill('admin');
      await page.getByLabel('Password').fill(mock.password);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await expect(page.getByTestId('user-menu')).toBeVisible();
    });
  },
});

export { expect };

/** Fails on what axe finds against WCAG 2.2 AA. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  const told = violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
  expect(told).toEqual([]);
}

/** Where a screenshot goes; only when SURVEILLX_SCREENSHOTS names a folder. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env['SURVEILLX_SCREENSHOTS'];
  if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png` });
}
