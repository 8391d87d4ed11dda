import { describe, expect, it } from 'vitest';
import { addDays, dayInZone, dayLabel, isDay, timeInZone, usableZone } from './siteTime';

describe('days and times of the site', () => {
  it('follow the site’s zone, not the reader’s', () => {
    const at = Date.parse('2026-11-23T23:30:00Z');
    expect(dayInZone(at, 'Europe/Berlin')).toBe('2026-11-24');
    expect(dayInZone(at, 'America/New_York')).toBe('2026-11-23');
    expect(timeInZone(at, 'Europe/Berlin')).toBe('00:30:00');
  });

  it('step over months, years and changes of the clock', () => {
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
    expect(addDays('2028-03-01', -1)).toBe('2028-02-29');
    expect(addDays('2026-03-29', 1)).toBe('2026-03-30');
  });

  it('know what is no day', () => {
    expect(['2026-02-30', '2026-1-1', 'today', '', null].filter(isDay)).toEqual([]);
    expect(isDay('2026-02-28')).toBe(true);
  });

  it('are written for people', () => {
    expect(dayLabel('2026-11-23', 'en-GB')).toMatch(/Monday,? 23 November 2026/);
  });

  it('fall back to UTC for a zone that the browser does not know', () => {
    expect(usableZone('Mars/Olympus')).toBe('UTC');
  });
});
