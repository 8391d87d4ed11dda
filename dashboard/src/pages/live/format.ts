import type { Face } from '../../stream/events';
import type { TileState } from '../../live/status';

/** `42 ms`, `3.2 s`, `1 min 05 s`, `2 h 10 min`. */
export function formatAge(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const kStateWords: Record<TileState, string> = {
  connecting: 'Connecting',
  live: 'Live',
  stale: 'Stale',
  offline: 'Offline',
  elsewhere: 'Elsewhere',
};

export function faceLabel(face: Face): string {
  if (face.status === 'known') return face.name ?? 'Known person';
  return face.status === 'unknown' ? 'Unknown' : 'Looking…';
}

const kOrder: Record<Face['status'], number> = { known: 0, unknown: 1, pending: 2 };

/** Known people first, by name; then the others, as they were found. */
export function orderFaces(faces: readonly Face[]): Face[] {
  return [...faces].sort(
    (a, b) => kOrder[a.status] - kOrder[b.status] || faceLabel(a).localeCompare(faceLabel(b)),
  );
}

/** `3 live · 1 offline`, in the order of concern. */
export function summarise(states: readonly TileState[]): string {
  const order: TileState[] = ['live', 'stale', 'offline', 'connecting', 'elsewhere'];
  return order
    .map((state) => [state, states.filter((s) => s === state).length] as const)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${kStateWords[state].toLowerCase()}`)
    .join(' · ');
}
