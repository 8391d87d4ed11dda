import { describe, expect, it } from 'vitest';
import type { AttendanceEvent } from '../../stream/events';
import { countDay, mergeEvent, rowsFromApi, selectRows, type Rows } from './records';

const kDay = '2026-11-23';
const event = (change: Partial<AttendanceEvent> = {}): AttendanceEvent => ({
  person_id: 'p1',
  name: 'Renée Dubois',
  day: kDay,
  first_seen: 1_000,
  last_seen: 1_000,
  camera_id: 'c',
  status: 'present',
  new: true,
  ...change,
});
const none: Rows = new Map();
const only = (rows: Rows) => [...rows.values()][0];

describe('merging events', () => {
  it('adds a person once a day', () => {
    let rows = mergeEvent(none, event());
    rows = mergeEvent(rows, event({ last_seen: 5_000, new: false }));
    rows = mergeEvent(rows, event({ day: '2026-11-24', first_seen: 90_000_000, last_seen: 90_000_000 }));
    expect(rows.size).toBe(2);
    expect(countDay(rows, kDay)).toBe(1);
  });

  it('gives the same result in every order, and with repeats', () => {
    const events = [
      event({ first_seen: 2_000, last_seen: 2_000 }),
      event({ first_seen: 1_000, last_seen: 3_000 }),
      event({ first_seen: 2_000, last_seen: 9_000 }),
    ];
    const forward = events.reduce(mergeEvent, none);
    const backward = [...events, ...events].reverse().reduce(mergeEvent, none);
    expect(only(forward)).toEqual(only(backward));
    expect(only(forward)).toMatchObject({ firstSeen: 1_000, lastSeen: 9_000 });
  });

  it('takes the times of a record that was derived anew, later first or earlier last', () => {
    const rows = [
      event({ first_seen: 1_000, last_seen: 9_000 }),
      event({ first_seen: 2_000, last_seen: 3_000, new: false, corrected: true }),
    ].reduce(mergeEvent, none);
    expect(only(rows)).toMatchObject({ firstSeen: 2_000, lastSeen: 3_000 });
  });

  it('keeps the number that only the list knows, and the map when nothing changed', () => {
    const rows = rowsFromApi([
      {
        person_id: 'p1',
        person: 'Renée Dubois',
        external_id: 'S-7',
        day: kDay,
        first_seen: '1970-01-01T01:00:01+01:00',
        last_seen: '1970-01-01T01:00:01+01:00',
        sightings: 1,
        status: 'present',
      },
    ]);
    expect(mergeEvent(rows, event())).toBe(rows);
    expect(only(mergeEvent(rows, event({ last_seen: 7_000 })))).toMatchObject({
      externalId: 'S-7',
      firstSeen: 1_000,
      lastSeen: 7_000,
    });
  });
});

describe('selecting rows', () => {
  const rows = [
    event(),
    event({ person_id: 'p2', name: 'Ada Lovelace', first_seen: 5_000, last_seen: 5_000 }),
    event({ person_id: 'p3', name: 'Jürgen Groß', first_seen: 3_000, last_seen: 8_000 }),
  ].reduce(mergeEvent, none);
  const names = (search: string, key: 'name' | 'firstSeen' | 'lastSeen', descending: boolean) =>
    selectRows(rows, kDay, search, { key, descending }).map((row) => row.name);

  it('finds names without their accents, by parts in any order', () => {
    expect(names('renee', 'name', false)).toEqual(['Renée Dubois']);
    expect(names('love ada', 'name', false)).toEqual(['Ada Lovelace']);
    expect(names('nobody', 'name', false)).toEqual([]);
  });

  it('sorts by each column', () => {
    expect(names('', 'firstSeen', true)[0]).toBe('Ada Lovelace');
    expect(names('', 'lastSeen', true)[0]).toBe('Jürgen Groß');
    expect(names('', 'name', false)[0]).toBe('Ada Lovelace');
  });

  it('shows one day only', () => {
    expect(selectRows(rows, '2026-11-22', '', { key: 'name', descending: false })).toEqual([]);
  });
});
