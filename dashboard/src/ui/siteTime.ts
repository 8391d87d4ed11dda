/** Days are `YYYY-MM-DD` in the site's time zone; arithmetic on them needs no zone. */

const kDay = /^(\d{4})-(\d{2})-(\d{2})$/;

export function isDay(text: string | null | undefined): text is string {
  const match = kDay.exec(text ?? '');
  if (match === null) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text as string);
}

export function addDays(day: string, count: number): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + count);
  return date.toISOString().slice(0, 10);
}

/** The day at `unixMs` in an IANA zone. */
export function dayInZone(unixMs: number, zone: string): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  }).formatToParts(new Date(unixMs));
  const get = (type: string) => parts.find((part) => part.type === type)?.value ?? '';
  return `${get('year')}-${get('month')}-${get('day')}`;
}

/** `Monday, 23 November 2026` in the reader's language. */
export function dayLabel(day: string, locale?: string): string {
  return new Intl.DateTimeFormat(locale, {
    timeZone: 'UTC',
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
  }).format(new Date(`${day}T12:00:00Z`));
}

/** `08:31:05` in the site's zone: seconds matter when two people come together. */
export function timeInZone(unixMs: number, zone: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).format(new Date(unixMs));
}

/** Minutes east of UTC at `unixMs` in an IANA zone. */
function offsetMinutes(unixMs: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    timeZoneName: 'longOffset',
  }).formatToParts(new Date(unixMs));
  const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
  const match = /GMT([+-])(\d{2}):(\d{2})/.exec(name);
  if (match === null) return 0;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return match[1] === '-' ? -minutes : minutes;
}

/** `+01:00` at `unixMs`. */
export function offsetInZone(unixMs: number, zone: string): string {
  const minutes = offsetMinutes(unixMs, zone);
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(size / 60)}:${two(size % 60)}`;
}

const kQuarterMs = 15 * 60_000;
const changes = new Map<string, boolean>();

/**
 * Whether clocks change on that day in that zone: times without their offset may then repeat, and
 * the last may seem to come before the first.
 */
export function clocksChangeOn(day: string, zone: string): boolean {
  if (!isDay(day)) return false;
  const key = `${zone} ${day}`;
  const known = changes.get(key);
  if (known !== undefined) return known;
  // The day lies within these hours in every zone; clocks change at whole quarters.
  const noon = Date.parse(`${day}T12:00:00Z`);
  let first: number | undefined;
  let changed = false;
  for (let at = noon - 28 * 3_600_000; at <= noon + 28 * 3_600_000; at += kQuarterMs) {
    if (dayInZone(at, zone) !== day) continue;
    const offset = offsetMinutes(at, zone);
    first ??= offset;
    changed ||= offset !== first;
  }
  changes.set(key, changed);
  return changed;
}

/** The time in the site's zone, with its offset where `day` has times that come twice. */
export function timeOfDay(unixMs: number, day: string, zone: string): string {
  const time = timeInZone(unixMs, zone);
  return clocksChangeOn(day, zone) ? `${time} ${offsetInZone(unixMs, zone)}` : time;
}

/** A zone this browser does not know would throw everywhere; UTC is then said and used. */
export function usableZone(zone: string): string {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return zone;
  } catch {
    return 'UTC';
  }
}
