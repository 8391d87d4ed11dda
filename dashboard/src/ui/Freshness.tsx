import { useTick } from './useTick';

/**
 * How old a list is. While `current` the server answers and its events keep the list true; else
 * nobody knows, and the age is said as a warning. `at`: local monotonic ms of the last answer.
 */
export function Freshness({ at, current }: { at: number | null; current: boolean }) {
  useTick(1_000);
  if (at === null) return null;
  const age = ageWords(performance.now() - at);
  return (
    <p className="freshness" data-current={current} data-testid="freshness">
      {current ? `Checked ${age}` : `Not current: last checked ${age}`}
    </p>
  );
}

/** Coarse, so that it does not flicker. */
export function ageWords(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${seconds - (seconds % 5)} s ago`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ago` : `${Math.floor(minutes / 60)} h ${minutes % 60} min ago`;
}
