import { describe, expect, it } from 'vitest';
import { ServerClock } from './serverClock';

describe('ServerClock', () => {
  it('knows nothing before the first sample', () => {
    expect(new ServerClock().serverTime(5)).toBeNull();
  });

  it('believes the message that was delayed least', () => {
    const clock = new ServerClock();
    // The server is 1,000,000 ahead of the local clock.
    for (const [sentAt, delay] of [
      [0, 80],
      [100, 5],
      [200, 300],
    ] as const) {
      clock.addSample(1_000_000 + sentAt, sentAt + delay);
    }
    expect(clock.serverTime(1_000)).toBe(1_000_000 + 1_000 - 5);
  });

  it('adds half of the shortest round trip', () => {
    const clock = new ServerClock();
    clock.addSample(1_000_000, 20);
    clock.addRoundTrip(90, 30);
    clock.addRoundTrip(40, 31);
    expect(clock.serverTime(20)).toBe(1_000_000 + 20);
  });

  it('forgets an early sample, so that drifting clocks do not add up', () => {
    const clock = new ServerClock();
    clock.addSample(1_000_500, 0);
    for (let at = 10_000; at <= 130_000; at += 10_000) clock.addSample(1_000_000 + at, at);
    expect(clock.serverTime(130_000)).toBe(1_130_000);
  });
});
