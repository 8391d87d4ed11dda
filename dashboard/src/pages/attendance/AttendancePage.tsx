import { memo, useEffect, useMemo, useRef, useState } from 'react';
import { useLink, useServices } from '../../services/services';
import { useAnnounce } from '../../ui/Announcer';
import { Icon } from '../../ui/Icon';
import { Freshness } from '../../ui/Freshness';
import { EmptyState, Notice } from '../../ui/Notice';
import { navigate } from '../../ui/router';
import { addDays, dayLabel, isDay, timeInZone, timeOfDay } from '../../ui/siteTime';
import { useShortcuts } from '../../ui/useShortcut';
import type { PageProps } from '../page';
import { countDay, rowKey, selectRows, type AttendanceRow, type SortKey, type Sorting } from './records';
import { useAttendance } from './useAttendance';
import './attendance.css';

const kColumns: { key: SortKey; label: string }[] = [
  { key: 'name', label: 'Person' },
  { key: 'firstSeen', label: 'First seen' },
  { key: 'lastSeen', label: 'Last seen' },
];

export default function AttendancePage({ path, query }: PageProps) {
  const { api, stream } = useServices();
  // Anything that is no day means today.
  const date = query.get('date');
  const showDay = (to: string | null) => navigate(to === null ? path : `${path}?date=${to}`);
  const announce = useAnnounce();
  const zoneRef = useRef('UTC');
  const attendance = useAttendance(api, stream, isDay(date) ? date : null, (event) =>
    announce(`${event.name} came at ${timeInZone(event.first_seen, zoneRef.current)}.`),
  );
  const { zone, today, day, rows, fresh, ready, error } = attendance;
  const link = useLink(stream);
  useEffect(() => {
    zoneRef.current = zone ?? 'UTC';
  }, [zone]);

  const [search, setSearch] = useState('');
  const [sorting, setSorting] = useState<Sorting>({ key: 'firstSeen', descending: true });
  const searchRef = useRef<HTMLInputElement>(null);

  useEffect(() => {
    document.title = 'Attendance – SurveillX';
  }, []);

  const go = (by: number) => {
    if (day === null || today === null) return;
    const next = addDays(day, by);
    if (next <= today) showDay(next === today ? null : next);
  };
  useShortcuts({
    '[': () => go(-1),
    ']': () => go(1),
    '/': () => searchRef.current?.focus(),
  });

  const shown = useMemo(
    () => (day === null ? [] : selectRows(rows, day, search, sorting)),
    [rows, day, search, sorting],
  );
  const count = day === null ? 0 : countDay(rows, day);
  const isToday = day !== null && day === today;
  // Rows stay while a reload of the same day runs, or fails: the error is told above them.
  const hasRows = ready && count > 0;

  return (
    <section className="attendance" aria-labelledby="attendance-title">
      <div className="page-head">
        <h1 id="attendance-title">Attendance</h1>
        {day !== null && (
          <p className="day-label" data-testid="attendance-day" data-day={day}>
            {isToday && <span className="today">Today</span>}
            <span>{dayLabel(day)}</span>
          </p>
        )}
        <span className="spacer" />
        <p className="count" data-testid="attendance-count">
          {!ready ? '' : countWords(count, shown.length, search)}
        </p>
        <Freshness at={attendance.loadedAt} current={link.state === 'connected'} />
      </div>

      <div className="toolbar">
        <div className="day-picker" role="group" aria-label="Day">
          <button
            type="button"
            className="icon-button"
            onClick={() => go(-1)}
            disabled={day === null}
            aria-label="Previous day"
            title="Previous day ([)"
          >
            <Icon name="back" />
          </button>
          <input
            type="date"
            aria-label="Date"
            value={day ?? ''}
            max={today ?? undefined}
            onChange={(event) => {
              const next = event.target.value;
              if (isDay(next)) showDay(next === today ? null : next);
            }}
          />
          <button
            type="button"
            className="icon-button"
            onClick={() => go(1)}
            disabled={day === null || today === null || day >= today}
            aria-label="Next day"
            title="Next day (])"
          >
            <Icon name="forward" />
          </button>
          <button type="button" className="button" onClick={() => showDay(null)} disabled={isToday}>
            Today
          </button>
        </div>
        <label className="search">
          <Icon name="search" size={18} />
          <span className="sr-only">Search by name or number</span>
          <input
            ref={searchRef}
            type="search"
            placeholder="Search by name or number"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === 'Escape') setSearch('');
            }}
          />
        </label>
        {zone !== null && <p className="muted zone">Times in {zone.replaceAll('_', ' ')}</p>}
      </div>

      {attendance.dayChanged && isToday && (
        <Notice tone="info" testId="attendance-new-day">
          A new day has begun. Yesterday’s list is one day back.
        </Notice>
      )}
      {error !== null && hasRows && (
        <Notice
          tone="warning"
          testId="attendance-error"
          action={
            <button type="button" className="button" onClick={attendance.retry}>
              Try again
            </button>
          }
        >
          <strong>The list could not be loaded.</strong> {error}
          {' What is shown may be incomplete.'}
        </Notice>
      )}

      {hasRows && shown.length > 0 ? (
        <Table
          rows={shown}
          zone={zone ?? 'UTC'}
          fresh={fresh}
          sorting={sorting}
          onSort={(key) =>
            setSorting((old) => ({
              key,
              descending: old.key === key ? !old.descending : key !== 'name',
            }))
          }
        />
      ) : (
        <Nothing
          loading={!ready && error === null}
          error={error}
          isToday={isToday}
          search={hasRows ? search : ''}
          onRetry={attendance.retry}
          onClear={() => setSearch('')}
        />
      )}
    </section>
  );
}

function countWords(count: number, shown: number, search: string): string {
  return search.trim() === '' ? `${count} present` : `${shown} of ${count} present`;
}

const Table = memo(function Table({
  rows,
  zone,
  fresh,
  sorting,
  onSort,
}: {
  rows: AttendanceRow[];
  zone: string;
  fresh: ReadonlySet<string>;
  sorting: Sorting;
  onSort: (key: SortKey) => void;
}) {
  return (
    <table className="records">
      <caption className="sr-only">People seen on this day</caption>
      <thead>
        <tr>
          {kColumns.map(({ key, label }) => {
            const active = sorting.key === key;
            const direction = sorting.descending ? 'descending' : 'ascending';
            return (
              <th key={key} scope="col" aria-sort={active ? direction : 'none'} className={`col-${key}`}>
                <button type="button" onClick={() => onSort(key)}>
                  {label}
                  <span className="sort" data-active={active}>
                    <Icon name={active && !sorting.descending ? 'up' : 'down'} size={14} />
                  </span>
                </button>
              </th>
            );
          })}
          <th scope="col" className="col-status">
            Status
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Row key={rowKey(row)} row={row} zone={zone} fresh={fresh.has(rowKey(row))} />
        ))}
      </tbody>
    </table>
  );
});

const Row = memo(function Row({ row, zone, fresh }: { row: AttendanceRow; zone: string; fresh: boolean }) {
  return (
    <tr
      data-testid="attendance-row"
      data-person-id={row.personId}
      data-fresh={fresh}
      className={fresh ? 'fresh' : ''}
    >
      <th scope="row" className="col-name">
        <span className="person">
          <span className="avatar" aria-hidden="true">
            {initials(row.name)}
          </span>
          <span className="person-text">
            <span className="person-name">{row.name}</span>
            {row.externalId !== '' && <span className="person-number">{row.externalId}</span>}
          </span>
          {fresh && <span className="just-now">just now</span>}
        </span>
      </th>
      <td className="col-firstSeen">
        <time dateTime={new Date(row.firstSeen).toISOString()}>{timeOfDay(row.firstSeen, row.day, zone)}</time>
      </td>
      <td className="col-lastSeen">
        <time dateTime={new Date(row.lastSeen).toISOString()}>{timeOfDay(row.lastSeen, row.day, zone)}</time>
      </td>
      <td className="col-status">
        <span className="status">{row.status}</span>
      </td>
    </tr>
  );
});

function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const first = [...(words[0] ?? '')][0] ?? '?';
  const last = words.length > 1 ? ([...(words.at(-1) ?? '')][0] ?? '') : '';
  return (first + last).toUpperCase();
}

function Nothing({
  loading,
  error,
  isToday,
  search,
  onRetry,
  onClear,
}: {
  loading: boolean;
  error: string | null;
  isToday: boolean;
  search: string;
  onRetry: () => void;
  onClear: () => void;
}) {
  if (loading) {
    return (
      <div className="skeleton-rows" role="status" aria-label="Loading" data-testid="attendance-loading">
        {[0, 1, 2, 3].map((row) => (
          <span key={row} />
        ))}
      </div>
    );
  }
  if (error !== null) {
    return (
      <EmptyState icon="warning" title="The attendance could not be loaded" testId="attendance-failed">
        <p>{error}</p>
        <button type="button" className="button" onClick={onRetry}>
          Try again
        </button>
      </EmptyState>
    );
  }
  if (search !== '') {
    return (
      <EmptyState icon="search" title={`Nobody matches “${search.trim()}”`} testId="attendance-no-match">
        <button type="button" className="button" onClick={onClear}>
          Show everybody
        </button>
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon="people"
      title={isToday ? 'Nobody has been seen yet today' : 'Nobody was seen on this day'}
      testId="attendance-empty"
    >
      {isToday && <p>People who are enrolled appear here the moment a camera recognises them.</p>}
    </EmptyState>
  );
}
