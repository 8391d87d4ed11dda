import { describe, expect, it } from 'vitest';
import { chooseFps, chooseWidth, watchRequest } from './watchRequest';

const tile = (cameraId: string, width = 400, inSight = true) => ({ cameraId, width, inSight });
const base = { knownCameras: 2, pixelRatio: 1, enlarged: false };

describe('what is asked for', () => {
  it.each([
    [200, 320],
    [320, 320],
    [368, 320],
    [369, 640],
    [736, 640],
    [737, 1280],
    [3_000, 1280],
  ])('a tile of %i device pixels gets pictures %i wide', (pixels, width) => {
    expect(chooseWidth(pixels)).toBe(width);
  });

  it('is every camera, unnamed, while all are in sight', () => {
    const request = watchRequest({ ...base, tiles: [tile('b'), tile('a')] });
    expect(request).toEqual({ max_fps: 15, max_width: 640 });
  });

  it('names those in sight when some are not', () => {
    const request = watchRequest({ ...base, tiles: [tile('b'), tile('a', 400, false)] });
    expect(request.cameras).toEqual(['b']);
    expect(watchRequest({ ...base, tiles: [tile('b')], enlarged: true }).cameras).toEqual(['b']);
  });

  it('is nothing while none is in sight', () => {
    expect(watchRequest({ ...base, tiles: [tile('a', 400, false), tile('b', 400, false)] }).cameras).toEqual([]);
  });

  it('follows the screen’s pixels, and the widest tile', () => {
    expect(watchRequest({ ...base, pixelRatio: 2, tiles: [tile('a', 600), tile('b', 200)] }).max_width).toBe(1280);
  });

  it('asks for fewer pictures of more cameras', () => {
    expect([1, 4, 5, 9, 10].map((count) => chooseFps(count, false))).toEqual([15, 15, 10, 10, 5]);
    expect(chooseFps(1, true)).toBe(25);
  });
});
