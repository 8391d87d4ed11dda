// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeStream } from '../../test/fakes';
import type { FrameEvent } from '../stream/events';
import { FramePictures, type Painter } from './framePictures';
import { LiveStore } from './liveStore';

/** Draws what it is given when the test says so. */
class FakePainter implements Painter {
  dropped = 0;
  closed = false;
  pushed: FrameEvent[] = [];
  constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly onDrawn: (frame: FrameEvent) => void,
  ) {}
  push(frame: FrameEvent): void {
    this.pushed.push(frame);
  }
  draw(): void {
    const newest = this.pushed.at(-1) as FrameEvent;
    this.dropped += this.pushed.length - 1;
    this.pushed = [];
    this.onDrawn(newest);
  }
  close(): void {
    this.closed = true;
  }
}

describe('FramePictures', () => {
  let local = 0;
  let socket: ReturnType<typeof fakeStream>['socket'];
  let store: LiveStore;
  let pictures: FramePictures;
  let painters: FakePainter[];

  beforeEach(() => {
    vi.useFakeTimers();
    local = 50_000;
    const made = fakeStream({ now: () => local });
    socket = made.socket;
    store = new LiveStore(made.stream, () => local);
    painters = [];
    pictures = new FramePictures(made.stream, store, () => local, (canvas, onDrawn) => {
      const painter = new FakePainter(canvas, onDrawn);
      painters.push(painter);
      return painter;
    });
    socket.arrive('connect');
    addCamera('a');
    addCamera('b');
  });

  afterEach(() => {
    pictures.close();
    store.close();
    vi.useRealTimers();
  });

  const addCamera = (camera_id: string) =>
    socket.arrive('camera', {
      camera_id, name: camera_id, state: 'live', reason: null, fps: 30, width: 640, height: 360, codec: 'VP8',
    });
  const arrive = (camera_id: string, seq: number) =>
    socket.arrive('frame', {
      camera_id, seq, timestamp: 7_000 + seq, server_time: 7_000 + seq, width: 640, height: 360, frame: '',
    });
  const start = (cameraId: string) => {
    const source = pictures.open(cameraId);
    const host = document.createElement('div');
    source.start(host);
    return { source, host };
  };
  /** What the server has been asked for, once the connection has sent it. */
  const asked = async () => {
    await vi.advanceTimersByTimeAsync(200);
    return socket.watches.at(-1);
  };

  it('asks for everything at once, then for what tiles want', async () => {
    pictures.setShown(true);
    const { source } = start('a');
    const { source: other } = start('b');
    expect(await asked()).toEqual({ max_fps: 15, max_width: 640 });
    source.want({ width: 300, enlarged: false });
    expect(await asked()).toEqual({ max_fps: 15, max_width: 640 });
    other.want({ width: 200, enlarged: false });
    expect(await asked()).toEqual({ max_fps: 15, max_width: 320 });
    other.want(null);
    expect(await asked()).toEqual({ cameras: ['a'], max_fps: 15, max_width: 320 });
    other.stop();
    source.want({ width: 900, enlarged: true });
    expect(await asked()).toEqual({ cameras: ['a'], max_fps: 25, max_width: 1280 });
  });

  it('asks for a camera that is new, and has not been laid out', async () => {
    pictures.setShown(true);
    for (const id of ['a', 'b']) start(id).source.want({ width: 900, enlarged: false });
    expect(await asked()).toEqual({ max_fps: 15, max_width: 1280 });
    addCamera('c');
    const { source } = start('c');
    expect(await asked()).toEqual({ max_fps: 15, max_width: 640 });
    source.want({ width: 900, enlarged: false });
    expect(await asked()).toEqual({ max_fps: 15, max_width: 1280 });
  });

  it('tells nobody of the moment between two tiles', async () => {
    pictures.setShown(true);
    const { source } = start('a');
    source.want({ width: 900, enlarged: true });
    await asked();
    const before = socket.watches.length;
    source.stop();
    start('b').source.want({ width: 900, enlarged: true });
    expect(await asked()).toEqual({ cameras: ['b'], max_fps: 25, max_width: 1280 });
    expect(socket.watches).toHaveLength(before + 1);
  });

  it('asks for nothing, without waiting for a timer, when the page is left or hidden', async () => {
    pictures.setShown(true);
    start('a').source.want({ width: 300, enlarged: false });
    await asked();
    pictures.setShown(false);
    await Promise.resolve();
    expect(socket.watches.at(-1)?.cameras).toEqual([]);
    pictures.setShown(true);
    expect((await asked())?.cameras).toEqual(['a']);
  });

  it('asks for everything on a page that has no camera yet', async () => {
    pictures.setShown(true);
    expect(await asked()).toEqual({ max_fps: 15, max_width: 640 });
  });

  it('paints a camera’s frames into its tile, counts them, and says when', () => {
    const { source, host } = start('a');
    const { source: other } = start('b');
    const heard = vi.fn();
    source.subscribe(heard);
    expect(host.querySelectorAll('canvas')).toHaveLength(1);
    expect([source.state().kind, source.lastPicture()]).toEqual(['waiting', null]);
    arrive('a', 1);
    arrive('a', 2);
    local += 40;
    painters[0]?.draw();
    expect(source.state().kind).toBe('painting');
    expect(source.lastPicture()).toEqual({ paintedAt: 50_040, timestamp: 7_002, seq: 2, width: 640, height: 360 });
    expect(source.stats()).toEqual({ received: 2, painted: 1, dropped: 1 });
    expect(heard).toHaveBeenCalledTimes(1);
    expect(other.stats()).toEqual({ received: 0, painted: 0, dropped: 0 });
  });

  it('takes its canvas away and is silent once it is stopped', () => {
    const { source, host } = start('a');
    const heard = vi.fn();
    source.subscribe(heard);
    arrive('a', 1);
    source.stop();
    expect(host.childElementCount).toBe(0);
    expect(painters[0]?.closed).toBe(true);
    painters[0]?.draw();
    arrive('a', 2);
    expect(source.state().kind).toBe('stopped');
    expect(source.stats()).toMatchObject({ received: 1, painted: 0 });
    expect(heard).not.toHaveBeenCalled();
  });
});
