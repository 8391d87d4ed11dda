// @vitest-environment jsdom
import { act, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { fakeApi, fakeStream, kSystem, kUser, type FakeSocket, type Handler } from '../../test/fakes';
import { App } from './App';

const kCamera = {
  id: 'a', number: 1, name: 'Door', state: 'live', reason: null, fps: 30, width: 640, height: 360, codec: 'VP8', last_frame_at: null,
};
const kRecord = {
  person_id: 'p1', person: 'Ada Lovelace', external_id: 'S-1', day: '2026-11-23',
  first_seen: '2026-11-23T08:00:00+01:00', last_seen: '2026-11-23T08:05:00+01:00', sightings: 3, status: 'present',
};
const ok = (body: unknown) => () => ({ status: 200, body });
const attendance = (records: object[], today = '2026-11-23') => ({
  timezone: 'Europe/Berlin', today, from: today, to: today, records,
});

function start(routes: Record<string, Handler> = {}, path = '/') {
  history.replaceState(null, '', path);
  const { api, calls } = fakeApi({
    'GET /api/auth/me': ok({ user: kUser, csrf_token: 'csrf' }),
    'GET /api/cameras': ok({ cameras: [kCamera] }),
    'GET /api/system': ok(kSystem),
    'GET /api/attendance': ok(attendance([kRecord])),
    ...routes,
  });
  const made: { socket?: FakeSocket } = {};
  const open = (mayRetry: () => Promise<boolean>) => {
    const { socket, stream } = fakeStream({ mayRetry });
    made.socket = socket;
    return stream;
  };
  const view = render(<App api={api} open={open} />);
  const socket = () => made.socket as FakeSocket;
  const arrive = (event: string, ...args: unknown[]) => act(() => socket().arrive(event, ...args));
  const connect = () => {
    arrive('connect');
    arrive('status', { connected: true, server_time: Date.parse('2026-11-23T09:00:00+01:00'), version: '1' });
  };
  return { ...view, socket, arrive, connect, calls, user: userEvent.setup() };
}

const signedOut: Record<string, Handler> = {
  'GET /api/auth/me': () => ({ status: 401, body: { code: 'unauthorized' } }),
};

describe('signing in', () => {
  it('is asked of whoever is not known, and says what is wrong', async () => {
    let answer: { status: number; body: unknown; headers?: Record<string, string> } = {
      status: 401, body: { code: 'bad_credentials' },
    };
    const { user } = start({ ...signedOut, 'POST /api/auth/login': () => answer });
    await user.type(await screen.findByLabelText('Username'), 'guard');
    await user.type(screen.getByLabelText('Password'), 'secret');
    const submit = screen.getByRole('button', { name: 'Sign in' });
    await user.click(submit);
    expect(await screen.findByText('Username or password is wrong.')).toBeTruthy();
    answer = { status: 429, body: { code: 'too_many_attempts' }, headers: { 'Retry-After': '30' } };
    await user.click(submit);
    expect(await screen.findByText(/Try again in 30 seconds/)).toBeTruthy();
    answer = { status: 200, body: { user: kUser, csrf_token: 'x' } };
    await user.click(submit);
    expect(await screen.findByTestId('live-grid')).toBeTruthy();
  });

  it('is asked for again when any request finds the session gone', async () => {
    let gone = false;
    const { connect } = start({
      'GET /api/attendance': () => (gone ? { status: 401 } : { status: 200, body: attendance([]) }),
    });
    await screen.findByTestId('tile-Door');
    connect();
    gone = true;
    await userEvent.click(screen.getByRole('link', { name: 'Attendance' }));
    expect(await screen.findByTestId('session-ended')).toBeTruthy();
  });

  it('is asked for when the server ends the connection because the session ended', async () => {
    let gone = false;
    const { connect, arrive, socket } = start({
      'GET /api/auth/me': () => (gone ? { status: 401 } : { status: 200, body: { user: kUser, csrf_token: 'x' } }),
    });
    await screen.findByTestId('tile-Door');
    connect();
    gone = true;
    arrive('disconnect', 'io server disconnect');
    expect(await screen.findByTestId('signin-form')).toBeTruthy();
    expect(socket().disconnected).toBe(true);
  });

  it('ends with signing out, with the CSRF token', async () => {
    const logout = vi.fn<Handler>(() => ({ status: 204 }));
    const { user } = start({ 'POST /api/auth/logout': logout });
    await user.click(await screen.findByTestId('user-menu'));
    await user.click(screen.getByRole('button', { name: 'Sign out' }));
    expect(await screen.findByTestId('signin-form')).toBeTruthy();
    expect(logout.mock.calls[0]?.[2].get('X-CSRF-Token')).toBe('csrf');
    expect(screen.queryByTestId('session-ended')).toBeNull();
  });

  it('is not demanded because the server is away', async () => {
    start({ 'GET /api/auth/me': () => Promise.reject(new TypeError('network')) });
    expect(await screen.findByTestId('unreachable')).toBeTruthy();
  });
});

describe('changing the password', () => {
  it('tells why the server refused', async () => {
    const { user } = start({
      'POST /api/auth/password': () => ({ status: 400, body: { code: 'weak_password', detail: 'At least 10.' } }),
    });
    await user.click(await screen.findByTestId('user-menu'));
    await user.click(screen.getByRole('button', { name: 'Change password' }));
    const dialog = screen.getByRole('dialog');
    await user.type(within(dialog).getByLabelText('Current password'), 'old');
    await user.type(within(dialog).getByLabelText('New password'), 'new');
    await user.type(within(dialog).getByLabelText('New password, again'), 'other');
    await user.click(within(dialog).getByRole('button', { name: 'Change password' }));
    expect(within(dialog).getByText('The two new passwords differ.')).toBeTruthy();
    await user.clear(within(dialog).getByLabelText('New password, again'));
    await user.type(within(dialog).getByLabelText('New password, again'), 'new');
    await user.click(within(dialog).getByRole('button', { name: 'Change password' }));
    expect(await within(dialog).findByText('At least 10.')).toBeTruthy();
  });
});

describe('the live page', () => {
  it('watches at once, and nothing once it is left', async () => {
    const { connect, socket, user } = start();
    await screen.findByTestId('tile-Door');
    connect();
    expect(socket().watches[0]?.cameras).toBeUndefined();
    await user.click(screen.getByRole('link', { name: 'Attendance' }));
    await waitFor(() => expect(socket().watches.at(-1)?.cameras).toEqual([]));
  });

  it('says how to add the first camera', async () => {
    start({ 'GET /api/cameras': ok({ cameras: [] }) });
    expect((await screen.findByTestId('live-empty')).textContent).toContain('surveillx cameras add');
  });

  it('says that the list could not be had', async () => {
    start({ 'GET /api/cameras': () => ({ status: 500, body: { detail: 'The database is locked.' } }) });
    expect((await screen.findByTestId('live-error')).textContent).toContain('The database is locked.');
  });

  it('says why a camera is offline', async () => {
    const { arrive, connect } = start();
    const tile = await screen.findByTestId('tile-Door');
    connect();
    arrive('camera', { ...kCamera, camera_id: 'a', state: 'offline', reason: 'no frames for 5 s' });
    expect(within(tile).getByTestId('tile-state').textContent).toBe('Offline');
    expect(within(tile).getByTestId('tile-reason').textContent).toBe('no frames for 5 s');
  });

  it('says that the connection is lost, and when it is back', async () => {
    const { arrive, connect } = start();
    await screen.findByTestId('tile-Door');
    connect();
    expect(screen.queryByTestId('link-lost')).toBeNull();
    arrive('disconnect', 'transport close');
    expect(screen.getByTestId('link-lost').textContent).toContain('retrying');
    connect();
    expect(screen.queryByTestId('link-lost')).toBeNull();
    expect(screen.getByTestId('announcer').textContent).toContain('Connected');
  });

  it('says that recognition is for trying out only', async () => {
    const engine = { name: 'builtin', model: 'b', trial: true, notice: 'No weights are installed.' };
    start({ 'GET /api/system': ok({ ...kSystem, engine }) });
    expect((await screen.findByTestId('engine-trial')).textContent).toContain('No weights are installed.');
  });

  it('says where the pictures go in legacy mode', async () => {
    const publish = { mode: 'legacy', url: 'http://old.example:5000' };
    const { connect } = start({ 'GET /api/system': ok({ ...kSystem, publish, media_connected: false }) });
    await screen.findByTestId('tile-Door');
    connect();
    expect((await screen.findByTestId('publish-legacy')).textContent).toContain('http://old.example:5000');
    await waitFor(() => expect(screen.getByTestId('tile-Door').dataset['state']).toBe('elsewhere'));
    expect(screen.queryByTestId('media-missing')).toBeNull();
  });

  it('says that media is not connected', async () => {
    const { connect } = start({ 'GET /api/system': ok({ ...kSystem, engine: null, media_connected: false }) });
    await screen.findByTestId('tile-Door');
    connect();
    expect(await screen.findByTestId('media-missing')).toBeTruthy();
  });

  it('enlarges a camera and goes back by keyboard', async () => {
    const { user } = start({ 'GET /api/cameras': ok({ cameras: [kCamera, { ...kCamera, id: 'b', name: 'Hall' }] }) });
    (await screen.findByRole('button', { name: 'Enlarge Door' })).focus();
    await user.keyboard('{Enter}');
    expect(screen.queryByTestId('tile-Hall')).toBeNull();
    await user.keyboard('{ArrowRight}');
    expect(screen.getByTestId('tile-Hall')).toBeTruthy();
    await user.keyboard('{Escape}');
    expect(screen.getByTestId('tile-Door')).toBeTruthy();
    await waitFor(() => expect(document.activeElement?.getAttribute('aria-label')).toBe('Enlarge Hall'));
  });
});

describe('the attendance page', () => {
  const event = {
    person_id: 'p2', name: 'Kofi Mensah', day: '2026-11-23',
    first_seen: Date.parse('2026-11-23T08:30:00+01:00'), last_seen: Date.parse('2026-11-23T08:30:00+01:00'),
    camera_id: 'a', status: 'present', new: true,
  };

  it('shows today’s records in the site’s time and adds who comes', async () => {
    const { arrive, connect } = start({}, '/attendance');
    const row = await screen.findByTestId('attendance-row');
    connect();
    expect(row.textContent).toContain('Ada LovelaceS-1');
    expect(row.textContent).toContain('08:00:00');
    arrive('attendance', event);
    arrive('attendance', { ...event, new: false });
    const rows = screen.getAllByTestId('attendance-row');
    expect(rows).toHaveLength(2);
    expect(rows[0]?.textContent).toContain('Kofi Mensah');
    expect(rows[0]?.dataset['fresh']).toBe('true');
    expect(screen.getByTestId('attendance-count').textContent).toBe('2 present');
    expect(screen.getByTestId('announcer').textContent).toContain('Kofi Mensah came at 08:30:00.');
  });

  it('keeps an event that overtakes the list', async () => {
    let answer: ((value: { status: number; body: unknown }) => void) | undefined;
    const { arrive } = start(
      { 'GET /api/attendance': () => new Promise((resolve) => (answer = resolve)) }, '/attendance',
    );
    expect(await screen.findByTestId('attendance-loading')).toBeTruthy();
    arrive('attendance', event);
    await act(async () => answer?.({ status: 200, body: attendance([kRecord]) }));
    await waitFor(() => expect(screen.getAllByTestId('attendance-row')).toHaveLength(2));
  });

  it('filters, and says when nobody matches', async () => {
    const { user } = start({}, '/attendance');
    await screen.findByTestId('attendance-row');
    const search = screen.getByLabelText('Search by name or number');
    await user.type(search, 's-1');
    expect(screen.getByTestId('attendance-count').textContent).toBe('1 of 1 present');
    await user.type(search, 'x');
    expect(screen.getByTestId('attendance-no-match')).toBeTruthy();
  });

  it('goes to other days, and not to tomorrow', async () => {
    const { user, calls } = start(
      { 'GET /api/attendance': (_body, url) => ({
        status: 200, body: attendance(url.searchParams.has('date') ? [] : [kRecord]),
      }) },
      '/attendance',
    );
    await screen.findByTestId('attendance-row');
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Next day' }).disabled).toBe(true);
    await user.click(screen.getByRole('button', { name: 'Previous day' }));
    expect(await screen.findByTestId('attendance-empty')).toBeTruthy();
    expect(calls).toContain('GET /api/attendance?date=2026-11-22');
    await user.keyboard(']');
    expect(await screen.findByTestId('attendance-row')).toBeTruthy();
  });

  it('follows today over midnight', async () => {
    let today = '2026-11-23';
    const { arrive } = start(
      { 'GET /api/attendance': () => ({ status: 200, body: attendance(today === '2026-11-23' ? [kRecord] : [], today) }) },
      '/attendance',
    );
    await screen.findByTestId('attendance-row');
    today = '2026-11-24';
    arrive('connect');
    arrive('status', { connected: true, server_time: Date.parse('2026-11-24T00:00:01+01:00'), version: '1' });
    expect(await screen.findByTestId('attendance-new-day')).toBeTruthy();
    expect(await screen.findByTestId('attendance-empty')).toBeTruthy();
    expect(screen.getByTestId('attendance-day').dataset['day']).toBe('2026-11-24');
  });

  it('says that the list could not be had, and tries again', async () => {
    let broken = true;
    const { user } = start(
      { 'GET /api/attendance': () =>
        broken ? { status: 500, body: { detail: 'No database.' } } : { status: 200, body: attendance([kRecord]) } },
      '/attendance',
    );
    expect((await screen.findByTestId('attendance-failed')).textContent).toContain('No database.');
    broken = false;
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByTestId('attendance-row')).toBeTruthy();
  });

  it('fetches again what it missed while the connection was lost', async () => {
    let records: object[] = [];
    const { arrive, connect } = start(
      { 'GET /api/attendance': () => ({ status: 200, body: attendance(records) }) }, '/attendance',
    );
    await screen.findByTestId('attendance-empty');
    connect();
    arrive('disconnect', 'transport close');
    records = [kRecord];
    connect();
    expect(await screen.findByTestId('attendance-row')).toBeTruthy();
  });
});

describe('the header', () => {
  it('remembers the theme', async () => {
    const { user } = start();
    const button = await screen.findByTestId('theme-toggle');
    await user.click(button);
    expect(localStorage.getItem('surveillx.theme')).toBe('dark');
    expect(button.getAttribute('aria-label')).toBe('Theme: dark');
    await user.click(button);
    await user.click(button);
    expect(localStorage.getItem('surveillx.theme')).toBe('auto');
  });

  it('explains the shortcuts, which can be switched off', async () => {
    const { user } = start();
    await screen.findByTestId('tile-Door');
    await user.keyboard('?');
    await user.click(screen.getByLabelText('Use the single-key shortcuts'));
    await user.click(screen.getByRole('button', { name: 'Close' }));
    await user.keyboard('2');
    expect(location.pathname).toBe('/');
    await user.keyboard('?');
    expect(screen.queryByRole('dialog')).toBeNull();
    await user.click(screen.getAllByRole('button', { name: 'Help and shortcuts' })[0] as HTMLElement);
    await user.click(screen.getByLabelText('Use the single-key shortcuts'));
    await user.click(screen.getByRole('button', { name: 'Close' }));
    await user.keyboard('2');
    expect(location.pathname).toBe('/attendance');
  });
});
