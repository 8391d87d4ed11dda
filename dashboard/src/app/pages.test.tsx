// @vitest-environment jsdom
import { act, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { ComponentType } from 'react';
import { describe, expect, it, vi } from 'vitest';
import { fakeApi, fakeStream, kSystem, kUser } from '../../test/fakes';
import type { Role } from '../api/types';
import type { Page, PageProps } from '../pages/page';
import { kPages } from '../pages/table';
import { App } from './App';

const ok = (body: unknown) => () => ({ status: 200, body });

/** A row for a page whose code comes, or fails to come, when the test says so. */
function row(change: Partial<Page> = {}) {
  const asked: { arrive: () => void; fail: () => void }[] = [];
  const Code: ComponentType<PageProps> = ({ path, query }) => (
    <p data-testid="visits">{`${path} of ${query.get('year') ?? 'all years'}`}</p>
  );
  const load = vi.fn(
    () =>
      new Promise<{ default: ComponentType<PageProps> }>((resolve, reject) =>
        asked.push({ arrive: () => resolve({ default: Code }), fail: () => reject(new TypeError('gone')) }),
      ),
  );
  const page: Page = {
    path: '/visits', label: 'Visits', icon: 'info', shortcut: '9', role: 'operator', keys: [[['v'], 'Next visit']], load, ...change,
  };
  return { page, asked, load };
}

function start(page: Page, role: Role, path = '/') {
  history.replaceState(null, '', path);
  const { api } = fakeApi({
    'GET /api/auth/me': ok({ user: { ...kUser, role }, csrf_token: 'csrf' }),
    'GET /api/cameras': ok({ cameras: [] }),
    'GET /api/system': ok(kSystem),
  });
  const open = () => fakeStream().stream;
  render(<App api={api} open={open} pages={[...kPages, page]} />);
  return userEvent.setup();
}

const links = () => screen.getAllByRole('navigation').flatMap((nav) => [...nav.querySelectorAll('a')].map((a) => a.textContent));

describe('a row in the table of pages', () => {
  it('is a link, a key and a line of help', async () => {
    const { page, asked } = row();
    const user = start(page, 'operator');
    await screen.findByTestId('live-empty');
    expect(links()).toEqual(['Live', 'Attendance', 'Visits']);
    await user.keyboard('?');
    expect(screen.getByRole('dialog').textContent).toContain('9Visits');
    expect(screen.getByRole('dialog').textContent).toContain('vNext visit');
    await user.click(screen.getByRole('button', { name: 'Close' }));
    await act(async () => asked[0]?.arrive());
    await user.keyboard('9');
    expect(location.pathname).toBe('/visits');
    expect((await screen.findByTestId('visits')).textContent).toBe('/visits of all years');
    expect(screen.getByRole('link', { name: 'Visits' }).getAttribute('aria-current')).toBe('page');
    expect(document.activeElement?.id).toBe('main');
  });

  it('is nothing to a role that may not open it', async () => {
    const { page, load } = row();
    const user = start(page, 'viewer');
    await screen.findByTestId('live-empty');
    expect(links()).toEqual(['Live', 'Attendance']);
    await user.keyboard('9');
    expect(location.pathname).toBe('/');
    await user.keyboard('?');
    expect(screen.getByRole('dialog').textContent).not.toContain('Visits');
    act(() => {
      history.replaceState(null, '', '/visits');
      dispatchEvent(new PopStateEvent('popstate'));
    });
    expect((await screen.findByTestId('page-forbidden')).textContent).toContain('the role operator; yours is viewer');
    expect(load).not.toHaveBeenCalled();
  });

  it.each(['operator', 'admin'] as const)('opens by its address to an %s', async (role) => {
    const { page, asked, load } = row();
    start(page, role, '/visits?year=2026');
    expect(await screen.findByTestId('page-loading')).toBeTruthy();
    expect(load).toHaveBeenCalledTimes(1);
    await act(async () => asked[0]?.arrive());
    expect(screen.getByTestId('visits').textContent).toBe('/visits of 2026');
  });

  it('is fetched after the page that is shown, and not waited for', async () => {
    const { page, asked, load } = row();
    const user = start(page, 'operator');
    await screen.findByTestId('live-empty');
    await waitFor(() => expect(load).toHaveBeenCalledTimes(1));
    await user.click(screen.getByRole('link', { name: 'Visits' }));
    expect(screen.getByTestId('page-loading')).toBeTruthy();
    await user.click(screen.getByRole('link', { name: 'Live' }));
    expect(screen.getByTestId('live-empty')).toBeTruthy();
    await act(async () => asked.forEach(({ arrive }) => arrive()));
    const asks = load.mock.calls.length;
    await user.click(screen.getByRole('link', { name: 'Visits' }));
    expect(screen.getByTestId('visits')).toBeTruthy();
    expect(load).toHaveBeenCalledTimes(asks);
  });

  it('says that its code could not be had, and tries again', async () => {
    const { page, asked } = row();
    const user = start(page, 'operator', '/visits');
    await screen.findByTestId('page-loading');
    await act(async () => asked[0]?.fail());
    expect(screen.getByTestId('page-failed')).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    await act(async () => asked[1]?.arrive());
    expect(screen.getByTestId('visits')).toBeTruthy();
  });

  it('says that its code is late, and shows it when it comes', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    try {
      const { page, asked, load } = row();
      start(page, 'operator', '/visits');
      await waitFor(() => expect(load).toHaveBeenCalled());
      act(() => vi.advanceTimersByTime(10_000));
      expect(screen.getByTestId('page-failed')).toBeTruthy();
      await act(async () => asked[0]?.arrive());
      expect(screen.getByTestId('visits')).toBeTruthy();
    } finally {
      vi.useRealTimers();
    }
  });

  it('shares no address and no key with another', () => {
    const addresses = kPages.flatMap(({ path, aliases = [] }) => [path, ...aliases]);
    expect(new Set(addresses).size).toBe(addresses.length);
    // `t` and `?` are the shell's.
    const keys = ['t', '?', ...kPages.flatMap(({ shortcut }) => shortcut ?? [])];
    expect(new Set(keys).size).toBe(keys.length);
  });
});
