import type { Page } from '@playwright/test';
import { Mock } from '../mock/mock.mjs';
import { expect, screenshot, test } from './fixtures';

/** A number that changes when the picture does. */
const pixels = (page: Page) =>
  page.evaluate(() => {
    const canvas = document.querySelector('canvas');
    const data = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    let sum = 0;
    for (let i = 0; i < data.length; i += 97) sum = (sum * 31 + (data[i] ?? 0)) % 1_000_003;
    return sum;
  });

test('a camera moves on the screen, with names over it, and nothing is fetched from elsewhere', async ({
  page,
  mock,
  signIn,
}) => {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // The question who is there is answered with 401 before signing in, which Chromium logs.
    if (message.type() === 'error' && !message.text().includes('401')) complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(mock.url) && !request.url().startsWith('blob:')) {
      complaints.push(request.url());
    }
  });
  mock.addCamera('Entrance', { people: [mock.people[0], 'unknown'] });
  await signIn();
  const tile = page.getByTestId('tile-Entrance');
  await expect(tile.getByTestId('tile-state')).toHaveText('Live');
  await expect(tile.getByTestId('tile-faces')).toContainText('Ada Lovelace');
  await expect(tile.locator('.box-known')).toHaveText('Ada Lovelace');
  const before = await pixels(page);
  await expect.poll(() => pixels(page)).not.toBe(before);
  await expect(tile.getByTestId('tile-fps')).not.toHaveText('0 fps');
  await expect(tile.getByTestId('tile-age')).toHaveText(/^\d+ ms$/);
  expect(complaints).toEqual([]);
});

test('watch follows what is seen: at once, by size, one enlarged, none while hidden', async ({
  page,
  mock,
  signIn,
}) => {
  const door = mock.addCamera('Door');
  mock.addCamera('Hall');
  await page.setViewportSize({ width: 800, height: 700 });
  await signIn();
  const last = () => mock.watches.at(-1)?.request;
  await expect.poll(last).toEqual({ max_fps: 15, max_width: 640 });
  await page.setViewportSize({ width: 1900, height: 1200 });
  await expect.poll(last).toEqual({ max_fps: 15, max_width: 1280 });
  await page.getByRole('button', { name: 'Enlarge Door' }).click();
  await expect.poll(last).toEqual({ cameras: [door.id], max_fps: 25, max_width: 1280 });
  const setVisibility = (state: string) =>
    page.evaluate((value) => {
      Object.defineProperty(document, 'visibilityState', { value, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, state);
  await setVisibility('hidden');
  await expect.poll(last).toMatchObject({ cameras: [] });
  await setVisibility('visible');
  await expect.poll(last).toMatchObject({ cameras: [door.id] });
  await expect(page.getByTestId('tile-Door')).toHaveAttribute('data-state', 'live');
  await page.keyboard.press('2');
  await expect.poll(last).toMatchObject({ cameras: [] });
});

test('a picture that stands still never looks live', async ({ page, mock, signIn }) => {
  mock.addCamera('Door', { people: [mock.people[0]] });
  await signIn();
  const tile = page.getByTestId('tile-Door');
  await expect(tile).toHaveAttribute('data-state', 'live');
  await expect(tile.getByTestId('tile-faces')).toContainText('Ada');
  // The server goes on saying that it is live.
  mock.setCamera('Door', 'live', { sending: false });
  await expect(tile).toHaveAttribute('data-state', 'stale');
  await expect(tile.getByTestId('tile-faces')).toBeEmpty();
  await expect(tile).toContainText(/Not live: this picture is \d/);
  expect(await tile.locator('canvas').evaluate((c) => getComputedStyle(c).filter)).toContain('grayscale');
  await expect(tile).toHaveAttribute('data-state', 'offline');
  mock.setCamera('Door', 'offline', { reason: 'The cable was pulled.' });
  await expect(tile.getByTestId('tile-reason')).toHaveText('The cable was pulled.');
  mock.setCamera('Door', 'live');
  await expect(tile).toHaveAttribute('data-state', 'live');
});

test('a lost server is told, and everything comes back with it', async ({ page, mock, signIn }) => {
  mock.addCamera('Door');
  await signIn();
  const tile = page.getByTestId('tile-Door');
  await expect(tile).toHaveAttribute('data-state', 'live');
  await mock.close();
  await expect(page.getByTestId('link-lost')).toContainText('Connection to the server lost');
  await expect(tile).toHaveAttribute('data-state', 'offline');
  await expect(tile.getByTestId('tile-reason')).toContainText('connection to the server');

  // The same server again: it still knows the session.
  const second = new Mock();
  second.sessions = mock.sessions;
  const camera = second.addCamera('Door');
  camera.id = (await tile.getAttribute('data-camera-id')) ?? '';
  await second.listen(Number(new URL(mock.url).port));
  try {
    await expect(tile).toHaveAttribute('data-state', 'live', { timeout: 20_000 });
    await expect(page.getByTestId('link-lost')).toHaveCount(0);
    second.endSessions();
    await expect(page.getByTestId('session-ended')).toBeVisible();
  } finally {
    await second.close();
  }
});

test('the age is right in a browser whose clock is hours off', async ({ page, mock, signIn }) => {
  mock.addCamera('Door').delayMs = 700;
  mock.timeShiftMs = -3 * 3_600_000;
  await signIn();
  const tile = page.getByTestId('tile-Door');
  await expect(tile).toHaveAttribute('data-state', 'live');
  // On a busy machine decoding adds to it; hours off would be no age or an offline tile.
  const ageMs = async () => {
    const [, number, unit] = /^([\d.]+) (ms|s)$/.exec((await tile.getByTestId('tile-age').textContent()) ?? '') ?? [];
    return Number(number) * (unit === 's' ? 1_000 : 1);
  };
  await expect.poll(ageMs).toBeGreaterThanOrEqual(650);
  expect(await ageMs()).toBeLessThan(60_000);
});

test('the keyboard reaches everything, on a phone too', async ({ page, mock, signIn }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  mock.addCamera('Door');
  mock.addCamera('Hall');
  await signIn();
  await expect(page.getByTestId('tile-Hall')).toHaveAttribute('data-state', 'live');
  const tooWide = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(await tooWide()).toBeLessThanOrEqual(0);
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: 'Enlarge Door' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('tile-Hall')).toHaveCount(0);
  await page.keyboard.press('ArrowRight');
  await expect(page.getByTestId('tile-Hall')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Enlarge Hall' })).toBeFocused();
  mock.see(mock.people[4]);
  await page.keyboard.press('2');
  await expect(page.getByTestId('attendance-row')).toHaveCount(1);
  expect(await tooWide()).toBeLessThanOrEqual(0);
});

test('a server that hangs is noticed though its connection stands, on every page', async ({ page, mock, signIn }) => {
  mock.addCamera('Door', { people: [mock.people[0]] });
  mock.see(mock.people[0]);
  await signIn();
  await expect(page.getByTestId('tile-Door')).toHaveAttribute('data-state', 'live');
  await expect(page.getByTestId('freshness')).toContainText('Checked');
  await expect(page.locator('.site-clock')).toBeVisible();
  mock.frozen = true;
  await expect(page.getByTestId('link-silent')).toBeVisible();
  await expect(page.getByTestId('link-state')).toHaveText('No answer');
  await expect(page.locator('.site-clock')).toBeHidden();
  await expect(page.getByTestId('tile-Door')).not.toHaveAttribute('data-state', 'live');
  await screenshot(page, 'silent-live');
  // A list that was never had says so after a while instead of loading for ever.
  await page.keyboard.press('2');
  await expect(page.getByTestId('attendance-failed')).toContainText('has not answered', { timeout: 15_000 });
  mock.frozen = false;
  await expect(page.getByTestId('link-state')).toHaveText('Connected', { timeout: 15_000 });
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByTestId('attendance-row')).toHaveCount(1);
  mock.frozen = true;
  await expect(page.getByTestId('freshness')).toContainText('Not current: last checked');
  await screenshot(page, 'silent-attendance');
  await page.keyboard.press('1');
  mock.frozen = false;
  await expect(page.getByTestId('tile-Door')).toHaveAttribute('data-state', 'live', { timeout: 15_000 });
});
