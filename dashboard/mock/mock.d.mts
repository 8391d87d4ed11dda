import type { CameraEventState, WatchRequest } from '../src/stream/events';

export interface MockPerson {
  id: string;
  name: string;
  external_id: string;
}

export interface MockCamera {
  id: string;
  name: string;
  delayMs: number;
}

export declare class Mock {
  url: string;
  people: MockPerson[];
  engine: { name: string; model: string; trial: boolean; notice: string } | null;
  publish: { mode: string; url: string };
  mediaConnected: boolean;
  timeShiftMs: number;
  frozen: boolean;
  failing: Set<string>;
  password: string;
  sessions: Map<string, unknown>;
  watches: { at: number; request: WatchRequest }[];
  listen(port?: number): Promise<this>;
  close(): Promise<void>;
  now(): number;
  addCamera(
    name: string,
    options?: {
      people?: (MockPerson | 'unknown' | 'pending' | undefined)[];
      ratio?: [number, number];
      state?: CameraEventState;
    },
  ): MockCamera;
  removeCamera(name: string): void;
  setCamera(
    name: string,
    state: CameraEventState,
    options?: { reason?: string | null; sending?: boolean },
  ): void;
  see(person: MockPerson | undefined, at?: number): void;
  endSessions(): void;
}
