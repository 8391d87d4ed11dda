import { describe, expect, it, vi } from 'vitest';
import type { FrameEvent } from '../stream/events';
import { FramePainter, type Picture } from './framePainter';

interface FakePicture extends Picture {
  seq: number;
  closed: boolean;
}

const frame = (seq: number): FrameEvent => ({
  camera_id: 'a',
  seq,
  timestamp: seq,
  server_time: seq,
  width: 4,
  height: 3,
  frame: String(seq),
});

/** A painter whose decoding and repaints the test lets happen. */
function setUp() {
  const pictures: FakePicture[] = [];
  const decodes: { jpeg: string; finish: () => void; fail: () => void }[] = [];
  const repaints: (() => void)[] = [];
  const drawn: number[] = [];
  const told: number[] = [];
  const painter = new FramePainter<FakePicture>({
    decode: (jpeg) =>
      new Promise((resolve, reject) => {
        const seq = Number(jpeg);
        const picture: FakePicture = {
          seq,
          width: 4,
          height: 3,
          closed: false,
          close: () => (picture.closed = true),
        };
        pictures.push(picture);
        decodes.push({ jpeg: String(jpeg), finish: () => resolve(picture), fail: () => reject(new Error('x')) });
      }),
    schedule: (draw) => repaints.push(draw),
    draw: (picture) => drawn.push(picture.seq),
    onDrawn: ({ seq }) => told.push(seq),
  });
  const settle = () => new Promise<void>((done) => setTimeout(done));
  return { painter, decodes, repaints, drawn, told, pictures, settle };
}

describe('FramePainter', () => {
  it('decodes one frame at a time and keeps only the newest of those that wait', async () => {
    const { painter, decodes, settle } = setUp();
    for (let seq = 1; seq <= 50; seq += 1) painter.push(frame(seq));
    expect(decodes.map((d) => d.jpeg)).toEqual(['1']);
    decodes[0]?.finish();
    await settle();
    expect(decodes.map((d) => d.jpeg)).toEqual(['1', '50']);
    expect(painter.dropped).toBe(48);
  });

  it('draws once a repaint, the newest, and closes every picture', async () => {
    const { painter, decodes, repaints, drawn, told, pictures, settle } = setUp();
    for (const seq of [1, 2]) {
      painter.push(frame(seq));
      decodes.at(-1)?.finish();
      await settle();
    }
    expect(repaints).toHaveLength(1);
    repaints[0]?.();
    expect(drawn).toEqual([2]);
    expect(told).toEqual([2]);
    expect(pictures.every((picture) => picture.closed)).toBe(true);
  });

  it('goes on after a frame that cannot be decoded', async () => {
    const { painter, decodes, repaints, drawn, settle } = setUp();
    painter.push(frame(1));
    painter.push(frame(2));
    decodes[0]?.fail();
    await settle();
    decodes[1]?.finish();
    await settle();
    repaints[0]?.();
    expect(drawn).toEqual([2]);
  });

  it('lets go of what is under way when it is closed', async () => {
    const { painter, decodes, repaints, drawn, pictures, settle } = setUp();
    painter.push(frame(1));
    painter.close();
    decodes[0]?.finish();
    await settle();
    repaints.forEach((draw) => draw());
    expect(drawn).toEqual([]);
    expect(pictures[0]?.closed).toBe(true);
    const push = vi.fn(() => painter.push(frame(2)));
    push();
    expect(decodes).toHaveLength(1);
  });
});
