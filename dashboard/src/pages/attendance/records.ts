import type { ApiAttendanceRecord } from '../../api/types';
import type { AttendanceEvent } from '../../stream/events';

export interface AttendanceRow {
  personId: string;
  name: string;
  externalId: string;
  day: string;
  /** Unix ms. */
  firstSeen: number;
  lastSeen: number;
  status: string;
}

export const rowKey = (row: { personId: string; day: string }): string =>
  `${row.personId} ${row.day}`;

export type Rows = ReadonlyMap<string, AttendanceRow>;

export function rowsFromApi(records: readonly ApiAttendanceRecord[]): Rows {
  const rows = new Map<string, AttendanceRow>();
  for (const record of records) {
    const row: AttendanceRow = {
      personId: record.person_id,
      name: record.person,
      externalId: record.external_id,
      day: record.day,
      firstSeen: Date.parse(record.first_seen),
      lastSeen: Date.parse(record.last_seen),
      status: record.status,
    };
    rows.set(rowKey(row), row);
  }
  return rows;
}

/**
 * Adds what an event tells. Events may be repeated and out of order, so the earliest and the
 * latest are kept, unless the record was derived anew: then its times replace the old ones. Returns
 * the same map when nothing changed.
 */
export function mergeEvent(rows: Rows, event: AttendanceEvent): Rows {
  const key = rowKey({ personId: event.person_id, day: event.day });
  const old = rows.get(key);
  const keep = event.corrected ? undefined : old;
  const row: AttendanceRow = {
    personId: event.person_id,
    name: event.name,
    externalId: old?.externalId ?? '',
    day: event.day,
    firstSeen: Math.min(keep?.firstSeen ?? Infinity, event.first_seen),
    lastSeen: Math.max(keep?.lastSeen ?? -Infinity, event.last_seen),
    status: event.status,
  };
  if (old !== undefined && (Object.keys(row) as (keyof AttendanceRow)[]).every((k) => row[k] === old[k])) {
    return rows;
  }
  return new Map(rows).set(key, row);
}

export type SortKey = 'name' | 'firstSeen' | 'lastSeen';

export interface Sorting {
  key: SortKey;
  descending: boolean;
}

const kFold = new Intl.Collator(undefined, { sensitivity: 'base', numeric: true });

/** Without case and accents, so that "renee" finds Renée. */
export function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{Diacritic}/gu, '').toLowerCase();
}

/** The rows of one day that match every word of `search` in name or number, sorted. */
export function selectRows(
  rows: Rows,
  day: string,
  search: string,
  sorting: Sorting,
): AttendanceRow[] {
  const words = fold(search).split(/\s+/).filter(Boolean);
  const selected = [...rows.values()].filter((row) => {
    if (row.day !== day) return false;
    const text = fold(`${row.name} ${row.externalId}`);
    return words.every((word) => text.includes(word));
  });
  const sign = sorting.descending ? -1 : 1;
  return selected.sort((a, b) => {
    const order =
      sorting.key === 'name'
        ? kFold.compare(a.name, b.name)
        : a[sorting.key] - b[sorting.key];
    return sign * order || kFold.compare(a.name, b.name);
  });
}

export const countDay = (rows: Rows, day: string): number =>
  [...rows.values()].filter((row) => row.day === day).length;
