import { ApiClient } from '../src/api/client';
import { HttpClient } from '../src/api/http';
import type { SystemInfo, User } from '../src/api/types';
import type {
  PaintedPicture,
  Pictures,
  PictureSource,
  PictureState,
  PictureStats,
  WantedPicture,
} from '../src/live/pictureSource';
import { StreamConnection, type StreamSocket } from '../src/stream/connection';
import type { WatchRequest } from '../src/stream/events';

type Listener = (...args: never[]) => void;

/** These are the library's own and no packets. */
const kLibraryEvents = ['connect', 'disconnect', 'connect_error'];

/** The part of socket.io-client that the stream uses, driven by the test. */
export class FakeSocket {
  active = true;
  connects = 0;
  disconnected = false;
  watches: WatchRequest[] = [];
  acknowledge: ((request: WatchRequest) => unknown) | null = (request) => ({
    ok: true,
    cameras: request.cameras ?? [],
  });
  private readonly listeners = new Map<string, Listener[]>();
  private readonly anyListeners: Listener[] = [];

  on(event: string, listener: Listener): this {
    this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener]);
    return this;
  }

  onAny(listener: Listener): this {
    this.anyListeners.push(listener);
    return this;
  }

  emit(event: string, request: WatchRequest, answer: (value: unknown) => void): this {
    if (event === 'watch') {
      this.watches.push(request);
      if (this.acknowledge !== null) answer(this.acknowledge(request));
    }
    return this;
  }

  connect(): this {
    this.connects += 1;
    return this;
  }

  disconnect(): this {
    this.disconnected = true;
    return this;
  }

  /** What arrives from the server, or what the library tells. */
  arrive(event: string, ...args: unknown[]): void {
    if (!kLibraryEvents.includes(event)) {
      for (const listener of this.anyListeners) (listener as (...all: unknown[]) => void)(event, ...args);
    }
    for (const listener of this.listeners.get(event) ?? []) {
      (listener as (...all: unknown[]) => void)(...args);
    }
  }
}

export function fakeStream(
  options: { now?: () => number; mayRetry?: () => Promise<boolean> } = {},
): { socket: FakeSocket; stream: StreamConnection } {
  const socket = new FakeSocket();
  const stream = new StreamConnection({
    socket: socket as unknown as StreamSocket,
    now: options.now ?? (() => performance.now()),
    mayRetry: options.mayRetry ?? (() => Promise.resolve(true)),
  });
  return { socket, stream };
}

/** A way of pictures that the test drives; its element is a video, so that nobody counts on a canvas. */
export class FakePictureSource implements PictureSource {
  host: HTMLElement | null = null;
  wants: (WantedPicture | null)[] = [];
  private state_: PictureState = { kind: 'stopped' };
  private last: PaintedPicture | null = null;
  private painted = 0;
  private readonly listeners = new Set<() => void>();

  start(host: HTMLElement): void {
    this.host = host;
    host.append(host.ownerDocument.createElement('video'));
    this.tell({ kind: 'waiting' });
  }

  stop(): void {
    this.listeners.clear();
    this.host?.replaceChildren();
    this.state_ = { kind: 'stopped' };
  }

  want(wanted: WantedPicture | null): void {
    this.wants.push(wanted);
  }

  state(): PictureState {
    return this.state_;
  }

  lastPicture(): PaintedPicture | null {
    return this.last;
  }

  stats(): PictureStats {
    return { received: this.painted, painted: this.painted, dropped: 0 };
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  paint(picture: Pick<PaintedPicture, 'paintedAt' | 'timestamp' | 'seq'>): void {
    this.painted += 1;
    this.last = { width: 640, height: 360, ...picture };
    this.tell({ kind: 'painting' });
  }

  fail(reason: string): void {
    this.tell({ kind: 'failed', reason });
  }

  private tell(state: PictureState): void {
    this.state_ = state;
    for (const listener of [...this.listeners]) listener();
  }
}

export class FakePictures implements Pictures {
  opened: { cameraId: string; source: FakePictureSource }[] = [];
  shown = false;

  open(cameraId: string): FakePictureSource {
    const source = new FakePictureSource();
    this.opened.push({ cameraId, source });
    return source;
  }

  setShown(shown: boolean): void {
    this.shown = shown;
  }
}

export type Answer = { status: number; body?: unknown; headers?: Record<string, string> };
export type Handler = (body: unknown, url: URL, headers: Headers) => Answer | Promise<Answer>;

/** An API client over a table of routes, `GET /api/...` -> handler. Unknown routes answer 404. */
export function fakeApi(routes: Record<string, Handler>): { api: ApiClient; calls: string[] } {
  const calls: string[] = [];
  const fetchFn = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const url = new URL(String(input), 'http://site');
    const route = `${init?.method ?? 'GET'} ${url.pathname}`;
    calls.push(route + url.search);
    const handler = routes[route];
    const answer: Answer = handler
      ? await handler(
          init?.body === undefined ? undefined : JSON.parse(String(init.body)),
          url,
          new Headers(init?.headers),
        )
      : { status: 404, body: { code: 'not_found' } };
    return new Response(answer.body === undefined ? null : JSON.stringify(answer.body), {
      status: answer.status,
      headers: { 'Content-Type': 'application/json', ...answer.headers },
    });
  };
  return { api: new ApiClient(new HttpClient(fetchFn)), calls };
}

export const kUser: User = { id: 'u-1', username: 'guard', role: 'viewer' };

export const kSystem: SystemInfo = {
  version: '0.1.0',
  timezone: 'Europe/Berlin',
  today: '2026-11-23',
  engine: { name: 'yunet+dlib', model: 'm', trial: false, notice: '' },
  publish: { mode: 'internal', url: '' },
  media_connected: true,
  database: { kind: 'sqlite' },
};
