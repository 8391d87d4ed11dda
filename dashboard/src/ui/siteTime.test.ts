import { describe, expect, it } from 'vitest';
import {
  addDays,
  clocksChangeOn,
  dayInZone,
  dayLabel,
  isDay,
  offsetInZone,
  timeInZone,
  timeOfDay,
  usableZone,
} from './siteTime';

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

describe('days on which clocks change', () => {
  it.each([
    ['Europe/Berlin', '2026-10-25', true],
    ['Europe/Berlin', '2026-03-29', true],
    ['Europe/Berlin', '2026-10-26', false],
    ['America/Asuncion', '2023-03-25', true],
    ['America/Asuncion', '2023-03-26', false],
    ['America/Asuncion', '2023-10-01', false],
    ['Australia/Lord_Howe', '2026-04-05', true],
    ['UTC', '2026-10-25', false],
    ['UTC', 'no day', false],
  ])('%s %s: %s', (zone, day, changes) => {
    expect(clocksChangeOn(day, zone)).toBe(changes);
  });

  it('shows offsets then, so that the last time does not seem to come before the first', () => {
    const first = Date.parse('2023-03-26T02:59:51Z');
    const last = Date.parse('2023-03-26T03:00:20Z');
    expect(timeOfDay(first, '2023-03-25', 'America/Asuncion')).toBe('23:59:51 -03:00');
    expect(timeOfDay(last, '2023-03-25', 'America/Asuncion')).toBe('23:00:20 -04:00');
    expect(timeOfDay(first, '2023-03-24', 'America/Asuncion')).toBe('23:59:51');
  });

  it('knows offsets of half hours', () => {
    expect(offsetInZone(Date.parse('2026-04-05T14:40:00Z'), 'Australia/Lord_Howe')).toBe('+10:30');
    expect(offsetInZone(0, 'UTC')).toBe('+00:00');
  });
});
