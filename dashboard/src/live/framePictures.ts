import type { StreamConnection } from '../stream/connection';
import type { FrameEvent, WatchRequest } from '../stream/events';
import { canvasPainter } from './framePainter';
import type { LiveStore } from './liveStore';
import type { PaintedPicture, Pictures, PictureSource, PictureState, PictureStats, WantedPicture } from './pictureSource';
import { watchRequest, type ShownTile } from './watchRequest';

/** What of the painter is used, so that tests can stand in for it. */
export interface Painter {
  readonly dropped: number;
  push(frame: FrameEvent): void;
  close(): void;
}
export type MakePainter = (canvas: HTMLCanvasElement, onDrawn: (frame: FrameEvent) => void) => Painter;

const kAnything: WatchRequest = { max_fps: 15, max_width: 640 };

/**
 * Pictures that come as JPEG over the page's one Socket.IO connection. All tiles share one `watch`,
 * so what they want is gathered here.
 */
export class FramePictures implements Pictures {
  private readonly sources = new Set<FrameSource>();
  private readonly undo: (() => void)[] = [];
  private shown = false;
  private scheduled = false;
  private closed = false;

  constructor(
    private readonly stream: StreamConnection,
    private readonly live: Pick<LiveStore, 'cameras' | 'subscribeList' | 'setWatched'>,
    private readonly now: () => number,
    private readonly makePainter: MakePainter = canvasPainter,
  ) {
    this.undo.push(
      stream.on('frame', ({ frame }) => {
        for (const source of this.sources) if (source.cameraId === frame.camera_id) source.take(frame);
      }),
      live.subscribeList(() => this.schedule()),
    );
  }

  close(): void {
    this.closed = true;
    for (const undo of this.undo) undo();
  }

  open(cameraId: string): PictureSource {
    const source: FrameSource = new FrameSource(cameraId, this.now, this.makePainter, () => {
      if (source.state().kind === 'stopped') this.sources.delete(source);
      else this.sources.add(source);
      this.schedule();
    });
    return source;
  }

  setShown(shown: boolean): void {
    this.shown = shown;
    this.schedule();
  }

  /** Tiles come and go together; between them nobody is to be told of a page without any. */
  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.scheduled = false;
      if (!this.closed) this.tell();
    });
  }

  /** Keeps the server told of what is on the screen. */
  private tell(): void {
    if (!this.shown) {
      this.live.setWatched([]);
      this.stream.watch(null);
      return;
    }
    const known = this.live.cameras();
    const sources = [...this.sources];
    const tiles: ShownTile[] = sources.flatMap(({ cameraId, wanted }) => {
      if (wanted === undefined) return [];
      return [{ cameraId, width: wanted?.width ?? 0, inSight: wanted !== null }];
    });
    // Tiles that have not been laid out yet: everything, rather than a pause of a moment.
    const request =
      sources.length === 0 || tiles.length < sources.length
        ? kAnything
        : watchRequest({
            tiles,
            knownCameras: known.length,
            pixelRatio: globalThis.devicePixelRatio,
            enlarged: sources.some(({ wanted }) => wanted?.enlarged),
          });
    this.live.setWatched(request.cameras ?? known.map(({ id }) => id));
    this.stream.watch(request);
  }
}

class FrameSource implements PictureSource {
  /** Undefined until the tile has been laid out. */
  wanted: WantedPicture | null | undefined;
  private state_: PictureState = { kind: 'stopped' };
  private last: PaintedPicture | null = null;
  private received = 0;
  private painted = 0;
  private painter: Painter | null = null;
  private canvas: HTMLCanvasElement | null = null;
  private readonly listeners = new Set<() => void>();

  constructor(
    readonly cameraId: string,
    private readonly now: () => number,
    private readonly makePainter: MakePainter,
    /** Started, stopped, or wants something else. */
    private readonly onChange: () => void,
  ) {}

  start(host: HTMLElement): void {
    const canvas = host.ownerDocument.createElement('canvas');
    canvas.width = 16;
    canvas.height = 9;
    host.append(canvas);
    this.canvas = canvas;
    this.painter = this.makePainter(canvas, (frame) => this.drawn(frame));
    this.setState({ kind: 'waiting' });
    this.onChange();
  }

  stop(): void {
    this.listeners.clear();
    this.painter?.close();
    this.canvas?.remove();
    this.setState({ kind: 'stopped' });
    this.onChange();
  }

  want(wanted: WantedPicture | null): void {
    this.wanted = wanted;
    if (this.state_.kind !== 'stopped') this.onChange();
  }

  state(): PictureState {
    return this.state_;
  }

  lastPicture(): PaintedPicture | null {
    return this.last;
  }

  stats(): PictureStats {
    return { received: this.received, painted: this.painted, dropped: this.painter?.dropped ?? 0 };
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** A frame has arrived. */
  take(frame: FrameEvent): void {
    this.received += 1;
    this.painter?.push(frame);
  }

  private drawn({ timestamp, seq, width, height }: FrameEvent): void {
    if (this.state_.kind === 'stopped') return;
    this.painted += 1;
    this.last = { paintedAt: this.now(), timestamp, seq, width, height };
    this.state_ = { kind: 'painting' };
    this.tell();
  }

  private setState(state: PictureState): void {
    this.state_ = state;
    this.tell();
  }

  private tell(): void {
    for (const listener of [...this.listeners]) listener();
  }
}
