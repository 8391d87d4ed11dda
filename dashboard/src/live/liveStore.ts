import type { ApiCamera } from '../api/types';
import type { StreamConnection } from '../stream/connection';
import type { CameraEvent, Face } from '../stream/events';
import type { PaintedPicture, PictureSource } from './pictureSource';
import { Rate } from './rate';
import { tileStatus, type TileState } from './status';

/** A detection holds until the next one, and this long at most (contracts/socketio.md). */
export const kDetectionHoldsMs = 1_000;
const kTickMs = 250;

/** What a tile shows beside the picture itself. Replaced, never changed, when something changes. */
export interface TileView {
  state: TileState;
  reason: string | null;
  /** Of the picture in the tile, or null when there is none. */
  ageMs: number | null;
  hasPicture: boolean;
  fps: number;
  width: number;
  height: number;
  /** Who is in the picture now; empty unless it is live. */
  faces: readonly Face[];
  seq: number;
}

export interface CameraName {
  id: string;
  name: string;
}

interface Entry {
  id: string;
  name: string;
  number: number;
  told: CameraEvent['state'];
  /** When `told` changed, and when it was last heard. */
  toldAt: number;
  heardAt: number;
  reason: string | null;
  watchedSince: number | null;
  /** What paints the camera's tile, while there is one. */
  source: PictureSource | null;
  picture: PaintedPicture | null;
  ageWhenPainted: number | null;
  rate: Rate;
  faces: readonly Face[];
  facesAt: number;
  view: TileView;
  listeners: Set<() => void>;
}

const kEmptyView: TileView = {
  state: 'connecting',
  reason: null,
  ageMs: null,
  hasPicture: false,
  fps: 0,
  width: 16,
  height: 9,
  faces: [],
  seq: 0,
};
const kNoFaces: readonly Face[] = [];

/**
 * Everything known of the cameras, outside React: frames come 15 times a second and camera, and
 * must not render a component each. Components subscribe to one camera's view, which is worked out
 * on events and four times a second.
 */
export class LiveStore {
  private readonly entries = new Map<string, Entry>();
  private readonly listListeners = new Set<() => void>();
  private list: readonly CameraName[] = [];
  private readonly timer: ReturnType<typeof setInterval>;
  private readonly undo: (() => void)[] = [];
  /** Pictures go to another server (legacy publishing). */
  private elsewhere = false;
  /** A camera was told by an event and is not in the list yet, which has its place in the order. */
  onNewCamera: (() => void) | null = null;

  constructor(
    private readonly stream: StreamConnection,
    private readonly now: () => number,
  ) {
    this.undo.push(
      stream.on('detection', ({ detection, receivedAt }) => {
        const entry = this.entries.get(detection.camera_id);
        if (entry === undefined) return;
        entry.faces = detection.faces;
        entry.facesAt = receivedAt;
        this.refresh(entry);
      }),
      stream.on('camera', ({ camera, receivedAt }) => this.takeEvent(camera, receivedAt)),
      stream.on('connected', () => {
        for (const entry of this.entries.values()) {
          if (entry.watchedSince !== null) entry.watchedSince = this.now();
        }
        this.refreshAll();
      }),
      stream.subscribeLink(() => this.refreshAll()),
    );
    this.timer = setInterval(() => this.refreshAll(), kTickMs);
  }

  close(): void {
    clearInterval(this.timer);
    for (const undo of this.undo) undo();
  }

  readonly cameras = (): readonly CameraName[] => this.list;

  readonly subscribeList = (listener: () => void): (() => void) => {
    this.listListeners.add(listener);
    return () => this.listListeners.delete(listener);
  };

  view(cameraId: string): TileView {
    return this.entries.get(cameraId)?.view ?? kEmptyView;
  }

  subscribe(cameraId: string, listener: () => void): () => void {
    const listeners = this.entries.get(cameraId)?.listeners;
    listeners?.add(listener);
    return () => listeners?.delete(listener);
  }

  /**
   * Takes what `source` paints as the camera's picture, until the returned function is called. The
   * tile of a new source is blank, so what was known of the picture before is forgotten.
   */
  follow(cameraId: string, source: PictureSource): () => void {
    const entry = this.entries.get(cameraId);
    if (entry === undefined) return () => {};
    entry.source = source;
    entry.picture = null;
    entry.ageWhenPainted = null;
    entry.rate.clear();
    const undo = source.subscribe(() => this.hearSource(entry, source));
    this.refresh(entry);
    return () => {
      undo();
      if (entry.source === source) entry.source = null;
    };
  }

  private hearSource(entry: Entry, source: PictureSource): void {
    const picture = source.lastPicture();
    if (picture === null || picture === entry.picture) {
      this.refresh(entry);
      return;
    }
    const now = picture.paintedAt;
    entry.rate.add(now);
    const age = this.pictureAge(picture, now);
    // Smoothed, since a number that jumps 15 times a second cannot be read.
    entry.ageWhenPainted =
      entry.ageWhenPainted === null || age === null ? age : entry.ageWhenPainted * 0.8 + age * 0.2;
    const first = entry.picture === null || !entry.view.hasPicture;
    entry.picture = picture;
    // The first picture and the end of an outage are told at once, the rest with the next tick.
    if (first || entry.view.state !== 'live') this.refresh(entry);
  }

  /**
   * The list as `GET /api/cameras` tells it: adds, renames, removes. An event that came after the
   * request knows better about the state.
   */
  takeList(cameras: readonly ApiCamera[], requestedAt: number): void {
    const now = this.now();
    const ids = new Set(cameras.map((camera) => camera.id));
    for (const id of [...this.entries.keys()]) if (!ids.has(id)) this.entries.delete(id);
    for (const camera of cameras) {
      const known = this.entries.get(camera.id);
      const entry = known ?? this.add(camera.id, camera.name, now);
      entry.name = camera.name;
      entry.number = camera.number;
      if (known === undefined || known.heardAt < requestedAt) {
        this.hear(entry, camera.state, camera.reason, now);
      }
      this.refresh(entry);
    }
    this.listChanged();
  }

  /** Which cameras are asked for now; the others' silence means nothing. */
  setWatched(cameraIds: readonly string[]): void {
    const now = this.now();
    const watched = new Set(cameraIds);
    for (const entry of this.entries.values()) {
      if (!watched.has(entry.id)) {
        entry.watchedSince = null;
        entry.rate.clear();
        entry.ageWhenPainted = null;
      } else entry.watchedSince ??= now;
      this.refresh(entry);
    }
  }

  setElsewhere(elsewhere: boolean): void {
    if (this.elsewhere === elsewhere) return;
    this.elsewhere = elsewhere;
    this.refreshAll();
  }

  private takeEvent(camera: CameraEvent, receivedAt: number): void {
    if (camera.state === 'removed') {
      if (this.entries.delete(camera.camera_id)) this.listChanged();
      return;
    }
    const known = this.entries.get(camera.camera_id);
    const entry = known ?? this.add(camera.camera_id, camera.name, receivedAt);
    const renamed = entry.name !== camera.name;
    entry.name = camera.name;
    this.hear(entry, camera.state, camera.reason, receivedAt);
    if (known === undefined || renamed) this.listChanged();
    if (known === undefined) this.onNewCamera?.();
    this.refresh(entry);
  }

  private hear(entry: Entry, state: Entry['told'], reason: string | null, now: number): void {
    // Only a changed state is a new word: the numbers are repeated every 2 s.
    if (entry.told !== state) entry.toldAt = now;
    entry.heardAt = now;
    entry.told = state;
    entry.reason = reason === '' ? null : reason;
  }

  private add(id: string, name: string, now: number): Entry {
    const entry: Entry = {
      id,
      name,
      number: Number.MAX_SAFE_INTEGER,
      told: 'connecting',
      toldAt: now,
      heardAt: now,
      reason: null,
      watchedSince: null,
      source: null,
      picture: null,
      ageWhenPainted: null,
      rate: new Rate(),
      faces: kNoFaces,
      facesAt: -Infinity,
      view: kEmptyView,
      listeners: new Set(),
    };
    this.entries.set(id, entry);
    return entry;
  }

  private listChanged(): void {
    this.list = [...this.entries.values()]
      .sort((a, b) => a.number - b.number || a.name.localeCompare(b.name))
      .map(({ id, name }) => ({ id, name }));
    for (const listener of [...this.listListeners]) listener();
  }

  private pictureAge({ timestamp }: PaintedPicture, now: number): number | null {
    if (timestamp === null) return null;
    const server = this.stream.clock.serverTime(now);
    return server === null ? null : Math.max(0, server - timestamp);
  }

  private refreshAll(): void {
    for (const entry of this.entries.values()) this.refresh(entry);
  }

  private refresh(entry: Entry): void {
    const next = this.workOut(entry, this.now());
    if (sameView(entry.view, next)) return;
    entry.view = next;
    for (const listener of [...entry.listeners]) listener();
  }

  private workOut(entry: Entry, now: number): TileView {
    const { picture } = entry;
    const told = entry.source?.state();
    const age = picture === null ? null : this.pictureAge(picture, now);
    const size = { width: picture?.width ?? 16, height: picture?.height ?? 9 };
    if (this.elsewhere && picture === null) return { ...kEmptyView, state: 'elsewhere' };
    const { state, reason } = tileStatus({
      now,
      link: this.stream.link().state,
      watchedSince: entry.watchedSince,
      told: entry.told,
      toldAt: entry.toldAt,
      reason: entry.reason,
      failure: told?.kind === 'failed' ? told.reason : null,
      frameAt: picture?.paintedAt ?? null,
      pictureAgeMs: age,
    });
    const live = state === 'live';
    const standing = picture === null ? null : Math.max(age ?? 0, now - picture.paintedAt);
    const faces = live && now - entry.facesAt < kDetectionHoldsMs ? entry.faces : kNoFaces;
    return {
      state,
      reason,
      ageMs: live ? entry.ageWhenPainted : standing,
      hasPicture: picture !== null,
      fps: live ? entry.rate.perSecond(now) : 0,
      ...size,
      faces,
      seq: picture?.seq ?? 0,
    };
  }
}

function sameView(a: TileView, b: TileView): boolean {
  return (Object.keys(a) as (keyof TileView)[]).every((key) => a[key] === b[key]);
}
