import type { FrameEvent } from '../stream/events';

/** Draws a decoded picture and lets go of it. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  close(): void;
}

export interface PainterParts<P extends Picture> {
  decode: (jpeg: FrameEvent['frame']) => Promise<P>;
  /** Called once before the next repaint of the screen. */
  schedule: (draw: () => void) => void;
  draw: (picture: P) => void;
  /** The picture of this frame is on the canvas. */
  onDrawn: (frame: FrameEvent) => void;
}

/**
 * Decodes and draws the newest frame of one camera. At most one frame is being decoded and one
 * waits; a newer one replaces the waiting one, so that a slow computer shows fewer pictures and
 * never later ones.
 */
export class FramePainter<P extends Picture> {
  dropped = 0;
  private decoding = false;
  private waiting: FrameEvent | null = null;
  private ready: { frame: FrameEvent; picture: P } | null = null;
  private scheduled = false;
  private closed = false;

  constructor(private readonly parts: PainterParts<P>) {}

  push(frame: FrameEvent): void {
    if (this.closed) return;
    if (this.waiting !== null) this.dropped += 1;
    this.waiting = frame;
    if (!this.decoding) void this.decodeLoop();
  }

  close(): void {
    this.closed = true;
    this.waiting = null;
    this.ready?.picture.close();
    this.ready = null;
  }

  private async decodeLoop(): Promise<void> {
    this.decoding = true;
    while (this.waiting !== null) {
      const frame = this.waiting;
      this.waiting = null;
      try {
        const picture = await this.parts.decode(frame.frame);
        if (this.closed) picture.close();
        else this.offer(frame, picture);
      } catch {
        // Not a JPEG; the next one may be.
        this.dropped += 1;
      }
    }
    this.decoding = false;
  }

  private offer(frame: FrameEvent, picture: P): void {
    if (this.ready !== null) {
      this.ready.picture.close();
      this.dropped += 1;
    }
    this.ready = { frame, picture };
    if (this.scheduled) return;
    this.scheduled = true;
    this.parts.schedule(() => {
      this.scheduled = false;
      const next = this.ready;
      this.ready = null;
      if (next === null) return;
      this.parts.draw(next.picture);
      next.picture.close();
      this.parts.onDrawn(next.frame);
    });
  }
}

function bytesOf(jpeg: FrameEvent['frame']): BlobPart {
  if (typeof jpeg !== 'string') return jpeg as BlobPart;
  return Uint8Array.from(atob(jpeg), (character) => character.charCodeAt(0));
}

/** A painter for a canvas element, which takes the size of the pictures. */
export function canvasPainter(
  canvas: HTMLCanvasElement,
  onDrawn: (frame: FrameEvent) => void,
): FramePainter<ImageBitmap> {
  const context = canvas.getContext('2d', { alpha: false });
  return new FramePainter<ImageBitmap>({
    decode: (jpeg) => createImageBitmap(new Blob([bytesOf(jpeg)], { type: 'image/jpeg' })),
    schedule: (draw) => requestAnimationFrame(draw),
    draw: (picture) => {
      if (canvas.width !== picture.width) canvas.width = picture.width;
      if (canvas.height !== picture.height) canvas.height = picture.height;
      context?.drawImage(picture, 0, 0);
    },
    onDrawn,
  });
}
