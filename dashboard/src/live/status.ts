import type { CameraEventState } from '../stream/events';
import type { LinkState } from '../stream/connection';

export const kStaleAfterMs = 2_000;
export const kOfflineAfterMs = 5_000;
/** A picture that arrives this long after the server's word on a camera outweighs that word. */
const kEvidenceMs = 1_000;

export type TileState = 'connecting' | 'live' | 'stale' | 'offline' | 'elsewhere';

export interface StatusInput {
  /** Local monotonic ms, as all times here. */
  now: number;
  link: LinkState;
  /** When this camera was last asked for; null while it is not watched. */
  watchedSince: number | null;
  /** What the server last said of the camera. */
  told: CameraEventState;
  toldAt: number;
  reason: string | null;
  /** Why no picture can be shown in this browser, where that is known. */
  failure: string | null;
  /** When the newest picture was painted, and how old it is now; null when there is none. */
  frameAt: number | null;
  pictureAgeMs: number | null;
}

export interface TileStatus {
  state: TileState;
  /** For people; null when there is nothing to explain. */
  reason: string | null;
}

/**
 * Decides what may be claimed of a camera. The rule: nothing is called live unless a picture that
 * is young enough is on the screen, whatever the server says; and when the server knows why there
 * is none, its reason is told.
 */
export function tileStatus(input: StatusInput): TileStatus {
  const { now, frameAt } = input;
  const sinceFrame = frameAt === null ? Infinity : now - frameAt;
  const pictureAge = Math.max(sinceFrame, input.pictureAgeMs ?? sinceFrame);

  if (input.link === 'lost' || input.link === 'silent') {
    const reason =
      input.link === 'lost'
        ? 'The connection to the server is lost.'
        : 'The server has stopped answering.';
    if (pictureAge < kStaleAfterMs) return { state: 'live', reason: null };
    return { state: pictureAge < kOfflineAfterMs ? 'stale' : 'offline', reason };
  }
  if (input.link === 'connecting') return { state: 'connecting', reason: null };

  const contradicted = frameAt !== null && frameAt > input.toldAt + kEvidenceMs;
  if (!contradicted || pictureAge >= kOfflineAfterMs) {
    if (input.told === 'offline' || input.told === 'removed') {
      return { state: 'offline', reason: input.reason ?? 'The camera is not connected.' };
    }
    if (input.told === 'stale') {
      return { state: 'stale', reason: input.reason ?? 'The camera has stopped sending.' };
    }
  }
  if (pictureAge < kStaleAfterMs) return { state: 'live', reason: null };

  if (input.told === 'connecting' && !contradicted) {
    return { state: 'connecting', reason: input.reason };
  }
  // The server has pictures and this page does not: not asked for yet, on their way, or late.
  if (input.watchedSince === null) return { state: 'connecting', reason: null };
  const waited = Math.min(sinceFrame, now - input.watchedSince);
  if (waited < kStaleAfterMs && sinceFrame >= now - input.watchedSince) {
    return { state: 'connecting', reason: null };
  }
  const late =
    input.failure ??
    (sinceFrame < kStaleAfterMs
      ? 'Pictures arrive late: the link to this browser is too slow.'
      : 'The server has the camera, but no picture reaches this browser.');
  return { state: waited < kOfflineAfterMs ? 'stale' : 'offline', reason: late };
}
