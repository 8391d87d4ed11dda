/**
 * How pictures come into a tile. Today they are frames over Socket.IO (framePictures.ts); a way with
 * WebRTC is another pair of these. Neither the tile nor the store knows which way it is.
 */

/** The picture on the screen. Replaced, never changed, by the next one. */
export interface PaintedPicture {
  /** When it was painted, local monotonic ms. */
  paintedAt: number;
  /** When the camera's frame reached media, server's Unix ms; null where this way does not tell. */
  timestamp: number | null;
  /** Grows with every picture of one session of the camera. */
  seq: number;
  /** Pixels. */
  width: number;
  height: number;
}

/** Counted from `start` on. */
export interface PictureStats {
  received: number;
  painted: number;
  /** Received and never painted: a newer one came first, or it was broken. */
  dropped: number;
}

export interface WantedPicture {
  /** Of the tile, CSS pixels. */
  width: number;
  /** The tile is enlarged: it is worth more pictures a second than one among many. */
  enlarged: boolean;
}

export type PictureState =
  | { kind: 'stopped' }
  /** Started, and nothing is painted yet. */
  | { kind: 'waiting' }
  | { kind: 'painting' }
  /** This way cannot show the camera; `reason` is for people. The last picture stays. */
  | { kind: 'failed'; reason: string };

/** Paints one camera's pictures into one tile. On the page's thread, as everything here. */
export interface PictureSource {
  /** Puts an element of its own into `host` and paints on it. At most once. */
  start(host: HTMLElement): void;
  /** Takes the element away again. Nobody is told of anything from then on. */
  stop(): void;
  /** null: out of sight, so no picture is wanted. Until it is first called any size will do. */
  want(wanted: WantedPicture | null): void;
  state(): PictureState;
  lastPicture(): PaintedPicture | null;
  stats(): PictureStats;
  /** `listener` is called after every painted picture and every change of the state. */
  subscribe(listener: () => void): () => void;
}

/** The sources of one way. */
export interface Pictures {
  open(cameraId: string): PictureSource;
  /** Whether a page with tiles is on the screen, also one that has no tile yet. */
  setShown(shown: boolean): void;
}
