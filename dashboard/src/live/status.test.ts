import { describe, expect, it } from 'vitest';
import { tileStatus, type StatusInput } from './status';

const kNow = 100_000;
const live: StatusInput = {
  now: kNow,
  link: 'connected',
  watchedSince: 0,
  told: 'live',
  toldAt: 1_000,
  reason: null,
  failure: null,
  frameAt: kNow - 60,
  pictureAgeMs: 80,
};
const state = (change: Partial<StatusInput>) => tileStatus({ ...live, ...change }).state;
const reason = (change: Partial<StatusInput>) => tileStatus({ ...live, ...change }).reason;
const age = (ms: number) => ({ frameAt: kNow - ms, pictureAgeMs: ms });

describe('the state of a tile', () => {
  it('is live only with a young picture', () => {
    expect(state({})).toBe('live');
    expect(state(age(1_999))).toBe('live');
    expect(state(age(2_000))).toBe('stale');
    expect(state(age(4_999))).toBe('stale');
    expect(state(age(5_000))).toBe('offline');
  });

  it('is not live when pictures arrive that are old already', () => {
    expect(state({ frameAt: kNow - 30, pictureAgeMs: 9_000 })).toBe('stale');
    expect(reason({ frameAt: kNow - 30, pictureAgeMs: 9_000 })).toMatch(/too slow/);
  });

  it('tells why this browser shows none, where that is known', () => {
    const failed = { ...age(3_000), watchedSince: 0, failure: 'The browser lacks the codec.' };
    expect([state(failed), reason(failed)]).toEqual(['stale', 'The browser lacks the codec.']);
    expect(reason({ ...failed, told: 'offline', toldAt: kNow, reason: 'unplugged' })).toBe('unplugged');
  });

  it('follows the server, with its reason, before any timer here', () => {
    expect(state({ told: 'offline', toldAt: kNow, reason: 'unplugged' })).toBe('offline');
    expect(reason({ told: 'offline', toldAt: kNow, reason: 'unplugged' })).toBe('unplugged');
    expect(state({ told: 'stale', toldAt: kNow })).toBe('stale');
    expect(reason({ told: 'offline', toldAt: kNow })).not.toBeNull();
  });

  it('believes pictures that keep coming more than an old word of the server', () => {
    expect(state({ told: 'offline', toldAt: kNow - 500 })).toBe('offline');
    expect(state({ told: 'offline', toldAt: kNow - 3_000 })).toBe('live');
    expect(state({ told: 'offline', toldAt: kNow - 60_000, ...age(6_000) })).toBe('offline');
  });

  it('is connecting until the first picture, for a while', () => {
    const none = { frameAt: null, pictureAgeMs: null };
    expect(state({ ...none, link: 'connecting' })).toBe('connecting');
    expect(state({ ...none, told: 'connecting' })).toBe('connecting');
    expect(state({ ...none, watchedSince: null })).toBe('connecting');
    expect(state({ ...none, watchedSince: kNow - 500 })).toBe('connecting');
    expect(state({ ...none, watchedSince: kNow - 2_500 })).toBe('stale');
    expect(state({ ...none, watchedSince: kNow - 6_000 })).toBe('offline');
  });

  it('does not blame a camera for a pause of our own', () => {
    expect(state({ ...age(600_000), watchedSince: kNow - 300 })).toBe('connecting');
  });

  it('goes down with the connection to the server', () => {
    expect(state({ link: 'lost', ...age(500) })).toBe('live');
    expect(state({ link: 'lost', ...age(2_500) })).toBe('stale');
    expect(state({ link: 'lost', ...age(7_000) })).toBe('offline');
    expect(reason({ link: 'lost', ...age(7_000) })).toMatch(/connection to the server/);
    expect(state({ link: 'silent', ...age(2_500) })).toBe('stale');
    expect(reason({ link: 'silent', ...age(7_000) })).toMatch(/stopped answering/);
    expect(state({ link: 'lost', frameAt: null, pictureAgeMs: null })).toBe('offline');
  });
});
