import { expect, it } from 'vitest';
import { fakeApi, kUser, type Handler } from '../../test/fakes';
import type { PathOf, Query, Sent, SystemInfo } from './types';

it('asks at the paths of the contract, with the query and the bodies it names', async () => {
  const bodies: unknown[] = [];
  const session: Handler = (body) => {
    bodies.push(body);
    return { status: 200, body: { user: kUser, csrf_token: 'x' } };
  };
  const done: Handler = (body) => {
    bodies.push(body);
    return { status: 204 };
  };
  const { api, calls } = fakeApi({
    'POST /api/auth/login': session,
    'POST /api/auth/password': done,
    'POST /api/auth/logout': done,
    'GET /api/attendance': () => ({ status: 200, body: {} }),
  });
  await api.login('guard', 'secret');
  await api.changePassword('secret', 'a longer one');
  await api.attendance();
  await api.attendance('2026-11-23');
  await api.logout();
  expect(calls).toEqual([
    'POST /api/auth/login',
    'POST /api/auth/password',
    'GET /api/attendance',
    'GET /api/attendance?date=2026-11-23',
    'POST /api/auth/logout',
  ]);
  expect(bodies).toEqual([
    { username: 'guard', password: 'secret' },
    { current_password: 'secret', new_password: 'a longer one' },
    undefined,
  ]);
});

it('does not compile with what the contract does not have', () => {
  const system = {} as SystemInfo;
  // The typecheck fails when one of these lines is no error any more.
  return [
    // @ts-expect-error no such path
    '/api/camera' satisfies PathOf<'get'>,
    // @ts-expect-error there is no POST here
    '/api/cameras' satisfies PathOf<'post'>,
    // @ts-expect-error no such parameter
    { day: '2026-11-23' } satisfies Query<'/api/attendance'>,
    // @ts-expect-error a member is missing
    { username: 'guard' } satisfies Sent<'/api/auth/login'>,
    // @ts-expect-error no such mode
    system.publish?.mode === 'elsewhere',
  ];
});
