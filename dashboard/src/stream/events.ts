/**
 * The Socket.IO payloads of contracts/socketio.md. A parser returns null for what does not keep to
 * the contract: a wrong payload is dropped, it never reaches the page.
 */

export type CameraEventState = 'connecting' | 'live' | 'stale' | 'offline' | 'removed';
export type FaceStatus = 'known' | 'unknown' | 'pending';
/** Left, top, width, height in 0..1 of the picture. */
export type Box = readonly [number, number, number, number];

export interface StatusEvent {
  connected: boolean;
  server_time: number;
  version: string;
}

export interface FrameEvent {
  camera_id: string;
  seq: number;
  timestamp: number;
  server_time: number;
  width: number;
  height: number;
  /** JPEG; base64 text until the first `watch`. */
  frame: ArrayBuffer | Uint8Array | string;
}

export interface Face {
  track_id: number;
  box: Box;
  status: FaceStatus;
  person_id: string | null;
  name: string | null;
  confidence: number;
}

export interface DetectionEvent {
  camera_id: string;
  seq: number;
  timestamp: number;
  faces: Face[];
}

export interface AttendanceEvent {
  person_id: string;
  name: string;
  day: string;
  first_seen: number;
  last_seen: number;
  camera_id: string | null;
  status: string;
  new: boolean;
  /** Derived anew: these times replace those that were told before. */
  corrected?: boolean;
}

export interface CameraEvent {
  camera_id: string;
  name: string;
  state: CameraEventState;
  reason: string | null;
  fps: number;
  width: number;
  height: number;
  codec: string;
}

/** `cameras` omitted: all that the user may see; empty: none. */
export interface WatchRequest {
  cameras?: string[];
  max_fps: number;
  max_width: number;
}

export interface WatchAnswer {
  ok: boolean;
  cameras: string[];
  error?: string;
}

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value);
const isTextOrNull = (value: unknown): value is string | null => value === null || isText(value);
const isOneOf = <T extends string>(value: unknown, all: readonly T[]): value is T =>
  all.includes(value as T);

/** Also across realms (a test's or a frame's own ArrayBuffer class), where instanceof fails. */
function isBinary(value: unknown): value is ArrayBuffer | Uint8Array {
  const tag = Object.prototype.toString.call(value);
  return tag === '[object ArrayBuffer]' || tag === '[object Uint8Array]';
}

export function parseStatus(value: unknown): StatusEvent | null {
  if (!isFields(value)) return null;
  const { connected, server_time, version } = value;
  if (typeof connected !== 'boolean' || !isNumber(server_time) || !isText(version)) return null;
  return { connected, server_time, version };
}

export function parseFrame(value: unknown): FrameEvent | null {
  if (!isFields(value)) return null;
  const { camera_id, seq, timestamp, server_time, width, height, frame } = value;
  if (!isText(camera_id) || !isNumber(seq) || !isNumber(timestamp) || !isNumber(server_time)) {
    return null;
  }
  if (!isNumber(width) || !isNumber(height) || width < 1 || height < 1) return null;
  if (!isBinary(frame) && !isText(frame)) return null;
  return { camera_id, seq, timestamp, server_time, width, height, frame };
}

const kFaceStatuses = ['known', 'unknown', 'pending'] as const;

function parseFace(value: unknown): Face | null {
  if (!isFields(value)) return null;
  const { track_id, box, status, person_id, name, confidence } = value;
  if (!isNumber(track_id) || !isOneOf(status, kFaceStatuses) || !isNumber(confidence)) return null;
  if (!isTextOrNull(person_id) || !isTextOrNull(name)) return null;
  if (!Array.isArray(box) || box.length !== 4 || !box.every(isNumber)) return null;
  return { track_id, box: box as unknown as Box, status, person_id, name, confidence };
}

export function parseDetection(value: unknown): DetectionEvent | null {
  if (!isFields(value)) return null;
  const { camera_id, seq, timestamp, faces } = value;
  if (!isText(camera_id) || !isNumber(seq) || !isNumber(timestamp) || !Array.isArray(faces)) {
    return null;
  }
  const parsed: Face[] = [];
  for (const item of faces) {
    const face = parseFace(item);
    if (face === null) return null;
    parsed.push(face);
  }
  return { camera_id, seq, timestamp, faces: parsed };
}

const kDay = /^\d{4}-\d{2}-\d{2}$/;

export function parseAttendance(value: unknown): AttendanceEvent | null {
  if (!isFields(value)) return null;
  const { person_id, name, day, first_seen, last_seen, camera_id, status } = value;
  const isNew = value['new'];
  if (!isText(person_id) || !isText(name) || !isText(day) || !kDay.test(day)) return null;
  if (!isNumber(first_seen) || !isNumber(last_seen) || !isTextOrNull(camera_id)) return null;
  if (!isText(status) || typeof isNew !== 'boolean') return null;
  const event = { person_id, name, day, first_seen, last_seen, camera_id, status, new: isNew };
  const corrected = value['corrected'];
  if (corrected === undefined) return event;
  return typeof corrected === 'boolean' ? { ...event, corrected } : null;
}

const kCameraStates = ['connecting', 'live', 'stale', 'offline', 'removed'] as const;

export function parseCamera(value: unknown): CameraEvent | null {
  if (!isFields(value)) return null;
  const { camera_id, name, state, reason, fps, width, height, codec } = value;
  if (!isText(camera_id) || !isText(name) || !isOneOf(state, kCameraStates)) return null;
  if (!isTextOrNull(reason) || !isNumber(fps) || !isNumber(width) || !isNumber(height)) return null;
  if (!isText(codec)) return null;
  return { camera_id, name, state, reason, fps, width, height, codec };
}

export function parseWatchAnswer(value: unknown): WatchAnswer | null {
  if (!isFields(value)) return null;
  const { ok, cameras, error } = value;
  if (typeof ok !== 'boolean' || !Array.isArray(cameras) || !cameras.every(isText)) return null;
  return isText(error) ? { ok, cameras, error } : { ok, cameras };
}
