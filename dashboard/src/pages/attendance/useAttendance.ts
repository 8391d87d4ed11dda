import { useCallback, useEffect, useRef, useState } from 'react';
import type { ApiClient } from '../../api/client';
import type { StreamConnection } from '../../stream/connection';
import type { AttendanceEvent } from '../../stream/events';
import { dayInZone, usableZone } from '../../ui/siteTime';
import { usePageHidden } from '../../ui/usePageHidden';
import { mergeEvent, rowKey, rowsFromApi, type Rows } from './records';

/** How long a row stays marked as just arrived. */
export const kFreshMs = 8_000;
/** An event does not carry the person's number; one request fetches those of all who just came. */
const kCompleteAfterMs = 1_500;
const kDayCheckMs = 1_000;
/** Events keep the list current; this mends what an event that never came would have told. */
const kReloadMs = 60_000;
const kRetryMs = 10_000;

export interface Attendance {
  /** Null until the server has told it. */
  zone: string | null;
  today: string | null;
  /** The day that is shown. */
  day: string | null;
  rows: Rows;
  /** `rows` holds what the server told of `day`, and what has come since. */
  ready: boolean;
  /** When the server last told it, local monotonic ms. */
  loadedAt: number | null;
  error: string | null;
  /** Keys of rows that arrived a moment ago. */
  fresh: ReadonlySet<string>;
  /** A new day has begun while the page was open and followed it. */
  dayChanged: boolean;
  retry: () => void;
}

const kNoRows: Rows = new Map();

/**
 * Records of one day, kept current by events. `date` null follows the site's today, over midnight
 * too. Events that come while a request is under way are applied to its answer as well, since that
 * may have been made before them.
 */
export function useAttendance(
  api: ApiClient,
  stream: StreamConnection,
  date: string | null,
  onArrival: (event: AttendanceEvent) => void,
): Attendance {
  const [site, setSite] = useState<{ zone: string; today: string } | null>(null);
  const [rows, setRows] = useState<Rows>(kNoRows);
  const [loaded, setLoaded] = useState<string | null>(null);
  const [loadedAt, setLoadedAt] = useState<number | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  const [dayChanged, setDayChanged] = useState(false);
  const [attempt, setAttempt] = useState(0);
  const during = useRef<AttendanceEvent[]>([]);
  const arrival = useRef(onArrival);
  useEffect(() => {
    arrival.current = onArrival;
  });

  const reload = useCallback(() => setAttempt((count) => count + 1), []);
  const day = date ?? site?.today ?? null;

  // Fetch: on a change of day, on a reconnect, and when asked to.
  const wanted = date ?? 'today';
  const today = site?.today ?? null;
  const followed = date === null ? today : null;
  const fetchedToday = useRef<string | null>(null);
  useEffect(() => {
    // The first answer tells which day it is; that is no reason to ask again.
    if (wanted === 'today' && followed !== null && fetchedToday.current === `${followed} ${attempt}`) {
      return;
    }
    const abort = new AbortController();
    during.current = [];
    setError(null);
    void (async () => {
      try {
        const answer = await api.attendance(wanted === 'today' ? undefined : wanted, abort.signal);
        if (abort.signal.aborted) return;
        const fetched = during.current.reduce(mergeEvent, rowsFromApi(answer.records));
        fetchedToday.current = wanted === 'today' ? `${answer.today} ${attempt}` : null;
        setSite((old) =>
          old?.zone === usableZone(answer.timezone) && old.today === answer.today
            ? old
            : { zone: usableZone(answer.timezone), today: answer.today },
        );
        setRows(fetched);
        setLoaded(wanted === 'today' ? answer.today : wanted);
        setLoadedAt(performance.now());
        setError(null);
      } catch (failure) {
        if (!abort.signal.aborted) setError((failure as Error).message);
      }
    })();
    return () => abort.abort();
  }, [api, wanted, followed, attempt]);

  useEffect(() => stream.on('connected', ({ again }) => again && reload()), [stream, reload]);

  const hidden = usePageHidden();
  const retryMs = error === null ? kReloadMs : kRetryMs;
  useEffect(() => {
    if (hidden) return;
    const timer = setInterval(reload, retryMs);
    return () => clearInterval(timer);
  }, [hidden, reload, retryMs]);

  // Events.
  const timers = useRef(new Set<ReturnType<typeof setTimeout>>());
  useEffect(() => {
    const pending = timers.current;
    const after = (ms: number, action: () => void) => {
      const timer = setTimeout(() => {
        pending.delete(timer);
        action();
      }, ms);
      pending.add(timer);
    };
    let completing = false;
    const stop = stream.on('attendance', (event) => {
      during.current.push(event);
      setRows((old) => mergeEvent(old, event));
      if (!event.new) return;
      const key = rowKey({ personId: event.person_id, day: event.day });
      setFresh((old) => new Set(old).add(key));
      after(kFreshMs, () =>
        setFresh((old) => {
          const next = new Set(old);
          next.delete(key);
          return next;
        }),
      );
      arrival.current(event);
      if (completing) return;
      completing = true;
      after(kCompleteAfterMs, () => {
        completing = false;
        reload();
      });
    });
    return () => {
      stop();
      for (const timer of pending) clearTimeout(timer);
      pending.clear();
    };
  }, [stream, reload]);

  // Midnight, by the server's clock in the site's zone.
  useEffect(() => {
    if (site === null) return;
    const timer = setInterval(() => {
      const now = stream.clock.serverTime(performance.now());
      if (now === null) return;
      const current = dayInZone(now, site.zone);
      // Never backwards: the estimate may be some milliseconds behind the server's own answer.
      if (current > site.today) {
        setSite({ ...site, today: current });
        setDayChanged(true);
      }
    }, kDayCheckMs);
    return () => clearInterval(timer);
  }, [stream, site]);

  return {
    zone: site?.zone ?? null,
    today,
    day,
    rows,
    ready: day !== null && loaded === day,
    loadedAt: loaded === day ? loadedAt : null,
    error,
    fresh,
    dayChanged: dayChanged && date === null,
    retry: reload,
  };
}
