import type { WatchRequest } from '../stream/events';

export interface ShownTile {
  cameraId: string;
  /** CSS pixels. */
  width: number;
  /** False while it is scrolled out of sight. */
  inSight: boolean;
}

export interface WatchInput {
  tiles: readonly ShownTile[];
  knownCameras: number;
  pixelRatio: number;
  enlarged: boolean;
}

const kWidths = [320, 640, 1280] as const;
/** A picture may be stretched by this much before the next width is worth its bytes. */
const kStretch = 1.15;

export function chooseWidth(devicePixels: number): number {
  return kWidths.find((width) => width * kStretch >= devicePixels) ?? 1280;
}

/** More pictures side by side, fewer a second: the sum is what browser and network must carry. */
export function chooseFps(tiles: number, enlarged: boolean): number {
  if (enlarged) return 25;
  if (tiles <= 4) return 15;
  return tiles <= 9 ? 10 : 5;
}

/** What to ask the server for, given what is on the screen. */
export function watchRequest(input: WatchInput): WatchRequest {
  const shown = input.tiles.filter((tile) => tile.inSight && tile.width > 0);
  const widest = shown.reduce((width, tile) => Math.max(width, tile.width), 0);
  const request: WatchRequest = {
    max_fps: chooseFps(shown.length, input.enlarged),
    max_width: shown.length === 0 ? 640 : chooseWidth(widest * input.pixelRatio),
  };
  // With every camera in sight the list is left out, so that a camera added later comes at once.
  if (shown.length === 0 || shown.length < input.knownCameras) {
    request.cameras = shown.map((tile) => tile.cameraId).sort();
  }
  return request;
}
