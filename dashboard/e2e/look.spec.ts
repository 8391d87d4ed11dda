import { expect, expectAccessible, screenshot, test } from './fixtures';

// Every page and state once, for axe and, with SURVEILLX_SCREENSHOTS, for the eye.
test.describe.configure({ timeout: 240_000 });

test('signing in looks right', async ({ page, mock }) => {
  await page.goto(mock.url);
  await expect(page.getByTestId('signin-form')).toBeVisible();
  await expectAccessible(page);
  await screenshot(page, 'signin');
  await page.getByLabel('Username').fill('admin');
  await page.getByLabel('Password').fill('wrong');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('signin-error')).toBeVisible();
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 360, height: 740 });
  await expectAccessible(page);
  await screenshot(page, 'signin-error-phone');
});

test('the live wall looks right', async ({ page, mock, signIn }) => {
  const [ada, kofi, renee, yusuf] = mock.people;
  await signIn();
  await expect(page.getByTestId('live-empty')).toBeVisible();
  await expectAccessible(page);
  await screenshot(page, 'live-empty');
  mock.addCamera('Entrance', { people: [ada, 'unknown'] });
  await expect(page.getByTestId('tile-Entrance')).toHaveAttribute('data-state', 'live');
  await screenshot(page, 'live-one');
  mock.addCamera('Hall', { people: [kofi, renee, 'pending'] });
  mock.addCamera('Workshop', { ratio: [4, 3], people: [yusuf] });
  mock.addCamera('Car park', { state: 'offline' });
  await expect(page.getByTestId('tile-Workshop')).toHaveAttribute('data-state', 'live');
  mock.setCamera('Workshop', 'live', { sending: false });
  await expect(page.getByTestId('tile-Workshop')).toHaveAttribute('data-state', 'stale');
  await screenshot(page, 'live-four-dark');
  await expectAccessible(page);
  await page.emulateMedia({ colorScheme: 'light' });
  await screenshot(page, 'live-four-light');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Enlarge Hall' }).click();
  await page.waitForFunction(() => document.querySelector('canvas')?.width === 1280);
  await screenshot(page, 'live-large');
  await page.setViewportSize({ width: 360, height: 740 });
  await screenshot(page, 'live-large-phone');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('tile-Entrance')).toHaveAttribute('data-state', 'live');
  await screenshot(page, 'live-phone');
});

test('what is wrong is told above the wall', async ({ page, mock, signIn }) => {
  mock.engine = { name: 'builtin', model: 'lbph', trial: true, notice: 'No model weights are installed: names are guesses.' };
  mock.mediaConnected = false;
  mock.addCamera('Entrance', { people: [mock.people[0]] });
  await signIn();
  await expect(page.getByTestId('engine-trial')).toBeVisible();
  await expect(page.getByTestId('media-missing')).toBeVisible();
  await expect(page.getByTestId('tile-Entrance')).toHaveAttribute('data-state', 'live');
  await expectAccessible(page);
  await screenshot(page, 'notices');
  await mock.close();
  await expect(page.getByTestId('link-lost')).toBeVisible();
  await expect(page.getByTestId('tile-Entrance')).toHaveAttribute('data-state', 'offline');
  await page.emulateMedia({ colorScheme: 'light' });
  await expectAccessible(page);
  await screenshot(page, 'link-lost');
});

test('legacy publishing looks right', async ({ page, mock, signIn }) => {
  mock.publish = { mode: 'legacy', url: 'http://10.0.0.5:5000' };
  mock.addCamera('Entrance');
  mock.addCamera('Hall');
  await signIn();
  await expect(page.getByTestId('publish-legacy')).toContainText('http://10.0.0.5:5000');
  await expect(page.getByTestId('tile-Hall')).toHaveAttribute('data-state', 'elsewhere');
  await expectAccessible(page);
  await screenshot(page, 'legacy');
});

test('attendance looks right', async ({ page, mock, signIn }) => {
  for (const [i, person] of mock.people.slice(0, 4).entries()) mock.see(person, mock.now() - 1_000 * (i + 1));
  await signIn('/attendance');
  await expect(page.getByTestId('attendance-row')).toHaveCount(4);
  mock.see(mock.people[4]);
  await expect(page.getByTestId('attendance-row')).toHaveCount(5);
  await expect(page.getByText('S-1005')).toBeVisible();
  await screenshot(page, 'attendance-dark');
  await expectAccessible(page);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 360, height: 740 });
  await screenshot(page, 'attendance-phone');
  await expectAccessible(page);
  await page.setViewportSize({ width: 1280, height: 800 });
  await screenshot(page, 'attendance-light');
  await page.getByRole('button', { name: 'Previous day' }).click();
  await expect(page.getByTestId('attendance-empty')).toBeVisible();
  await screenshot(page, 'attendance-empty');
  mock.failing.add('/api/attendance');
  await page.getByRole('button', { name: 'Previous day' }).click();
  await expect(page.getByTestId('attendance-failed')).toBeVisible();
  await screenshot(page, 'attendance-failed');
});

test('dialogs look right', async ({ page, signIn }) => {
  await signIn('/attendance');
  await expect(page.getByTestId('attendance-empty')).toBeVisible();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toBeVisible();
  await screenshot(page, 'help');
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await page.getByTestId('user-menu').click();
  await screenshot(page, 'menu');
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByLabel('Current password')).toBeFocused();
  await expectAccessible(page);
  await screenshot(page, 'password');
});
