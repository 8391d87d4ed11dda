import { describe, expect, it } from 'vitest';
import { Rate } from './rate';

describe('Rate', () => {
  it('is the frames a second over the last two seconds', () => {
    const rate = new Rate();
    for (let i = 0; i < 90; i += 1) rate.add(i * 66.67);
    expect(rate.perSecond(89 * 66.67)).toBeCloseTo(15, 0);
  });

  it('falls to nothing when nothing comes', () => {
    const rate = new Rate();
    for (let i = 0; i < 30; i += 1) rate.add(i * 50);
    expect(rate.perSecond(2_400)).toBeLessThan(15);
    expect(rate.perSecond(4_000)).toBe(0);
  });
});
