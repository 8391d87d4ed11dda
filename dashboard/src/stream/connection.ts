import type { Socket } from 'socket.io-client';
import { ServerClock } from './serverClock';
import {
  parseAttendance,
  parseCamera,
  parseDetection,
  parseFrame,
  parseStatus,
  parseWatchAnswer,
  type AttendanceEvent,
  type CameraEvent,
  type DetectionEvent,
  type FrameEvent,
  type StatusEvent,
  type WatchRequest,
} from './events';

/** What of socket.io-client is used, so that tests can stand in for it. */
export type StreamSocket = Pick<Socket, 'on' | 'onAny' | 'emit' | 'connect' | 'disconnect' | 'active'>;

/** `silent`: the connection stands, and the server has said nothing on it for too long: it hangs. */
export type LinkState = 'connecting' | 'connected' | 'silent' | 'lost';

export interface Link {
  state: LinkState;
  /** Local monotonic ms when the state began. */
  since: number;
}

export interface StreamEvents {
  status: StatusEvent;
  /** `receivedAt`: local monotonic ms. */
  frame: { frame: FrameEvent; receivedAt: number };
  detection: { detection: DetectionEvent; receivedAt: number };
  attendance: AttendanceEvent;
  camera: { camera: CameraEvent; receivedAt: number };
  /** Connected, the first time or again: what was missed meanwhile must be fetched. */
  connected: { again: boolean };
}

type Handler<K extends keyof StreamEvents> = (event: StreamEvents[K]) => void;

export interface StreamOptions {
  socket: StreamSocket;
  now: () => number;
  /** Credentials were refused or the server ended the session: resolves to true to try again. */
  mayRetry: () => Promise<boolean>;
}

const kNothing: WatchRequest = { cameras: [], max_fps: 15, max_width: 640 };
/** Changes within this time (a window being resized) become one `watch`. */
const kWatchDelayMs = 150;
const kRetryMs = 3_000;
const kWatchRetryMs = 1_000;
/** The server says `status` every 2 s; with the time between two looks, silence shows within 5 s. */
const kSilentAfterMs = 4_000;
const kLookMs = 500;
/** A connection this silent is given up for a new one: the way to the server may have changed. */
const kGiveUpAfterMs = 12_000;
/** Looks further apart than this mean that the page itself slept: what came meanwhile is unread. */
const kSleptMs = 2_000;

/**
 * The page's one Socket.IO connection: parses what arrives, says how the link is, and keeps the
 * server told of what is watched. Lives as long as the user is signed in.
 */
export class StreamConnection {
  readonly clock = new ServerClock();
  private link_: Link;
  private readonly socket: StreamSocket;
  private readonly now: () => number;
  private readonly handlers = new Map<string, Set<(event: never) => void>>();
  private readonly linkListeners = new Set<() => void>();
  private demand: WatchRequest = kNothing;
  private sent: string | null = null;
  private watchTimer: ReturnType<typeof setTimeout> | undefined;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private lookTimer: ReturnType<typeof setInterval> | undefined;
  private heardAt = 0;
  private lookedAt = 0;
  private connectedOnce = false;
  private closed = false;

  constructor(private readonly options: StreamOptions) {
    this.socket = options.socket;
    this.now = options.now;
    this.link_ = { state: 'connecting', since: this.now() };
    this.listen();
  }

  start(): void {
    this.socket.connect();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.watchTimer);
    clearTimeout(this.retryTimer);
    clearInterval(this.lookTimer);
    this.socket.disconnect();
  }

  readonly link = (): Link => this.link_;

  readonly subscribeLink = (listener: () => void): (() => void) => {
    this.linkListeners.add(listener);
    return () => this.linkListeners.delete(listener);
  };

  on<K extends keyof StreamEvents>(event: K, handler: Handler<K>): () => void {
    let set = this.handlers.get(event);
    if (set === undefined) this.handlers.set(event, (set = new Set()));
    set.add(handler as (event: never) => void);
    return () => set.delete(handler as (event: never) => void);
  }

  /** Sets what is watched; null: nothing. Sent soon, and again after every reconnect. */
  watch(request: WatchRequest | null): void {
    const next = request ?? kNothing;
    const pausing = next.cameras?.length === 0;
    this.demand = next;
    if (!this.open()) return;
    clearTimeout(this.watchTimer);
    // Timers of a hidden page are throttled, so a pause is not left to one.
    if (pausing) this.sendWatch();
    else this.watchTimer = setTimeout(() => this.sendWatch(), kWatchDelayMs);
  }

  private sendWatch(): void {
    const text = JSON.stringify(this.demand);
    if (text === this.sent || !this.open()) return;
    this.sent = text;
    const sentAt = this.now();
    this.socket.emit('watch', this.demand, (value: unknown) => {
      const now = this.now();
      this.heard();
      this.clock.addRoundTrip(now - sentAt, now);
      const answer = parseWatchAnswer(value);
      if (answer?.error === 'too_many_requests' && this.sent === text) {
        this.sent = null;
        clearTimeout(this.watchTimer);
        this.watchTimer = setTimeout(() => this.sendWatch(), kWatchRetryMs);
      }
    });
  }

  /** Messages can be given to the socket, whether or not anybody reads them at the other end. */
  private open(): boolean {
    return this.link_.state === 'connected' || this.link_.state === 'silent';
  }

  private heard(): void {
    this.heardAt = this.now();
    if (this.link_.state === 'silent') this.setLink('connected');
  }

  private look(): void {
    const now = this.now();
    const slept = now - this.lookedAt > kSleptMs;
    this.lookedAt = now;
    if (!this.open()) return;
    if (slept) this.heardAt = now;
    const silence = now - this.heardAt;
    if (silence >= kGiveUpAfterMs) {
      this.socket.disconnect();
      this.setLink('lost');
      this.socket.connect();
    } else if (silence >= kSilentAfterMs) {
      this.setLink('silent');
    }
  }

  private listen(): void {
    const socket = this.socket;
    this.lookTimer = setInterval(() => this.look(), kLookMs);
    socket.on('connect', () => {
      this.heardAt = this.now();
      this.clock.reset();
      this.setLink('connected');
      this.sent = null;
      clearTimeout(this.watchTimer);
      this.sendWatch();
      const again = this.connectedOnce;
      this.connectedOnce = true;
      this.tell('connected', { again });
    });
    socket.on('disconnect', (reason: string) => {
      clearTimeout(this.watchTimer);
      if (this.closed) return;
      this.setLink('lost');
      // Only this reason is not followed by the library's own attempts.
      if (reason === 'io server disconnect') void this.retryIfAllowed(0);
    });
    socket.on('connect_error', () => {
      if (this.closed) return;
      this.setLink(this.connectedOnce ? 'lost' : 'connecting');
      // Refused by the server (not: unreachable), so the library leaves it to us.
      if (!socket.active) void this.retryIfAllowed(kRetryMs);
    });
    // Whatever it is, it shows that the server lives.
    socket.onAny(() => this.heard());
    socket.on('status', (value: unknown) => {
      const status = parseStatus(value);
      if (status === null) return;
      this.clock.addSample(status.server_time, this.now());
      this.tell('status', status);
    });
    socket.on('frame', (value: unknown) => {
      const frame = parseFrame(value);
      if (frame === null) return;
      const receivedAt = this.now();
      this.clock.addSample(frame.server_time, receivedAt);
      this.tell('frame', { frame, receivedAt });
    });
    socket.on('detection', (value: unknown) => {
      const detection = parseDetection(value);
      if (detection !== null) this.tell('detection', { detection, receivedAt: this.now() });
    });
    socket.on('camera', (value: unknown) => {
      const camera = parseCamera(value);
      if (camera !== null) this.tell('camera', { camera, receivedAt: this.now() });
    });
    socket.on('attendance', (value: unknown) => {
      const attendance = parseAttendance(value);
      if (attendance !== null) this.tell('attendance', attendance);
    });
  }

  private async retryIfAllowed(delayMs: number): Promise<void> {
    if (!(await this.options.mayRetry()) || this.closed) return;
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => {
      if (!this.closed) this.socket.connect();
    }, delayMs);
  }

  private setLink(state: LinkState): void {
    if (this.link_.state === state) return;
    this.link_ = { state, since: this.now() };
    for (const listener of [...this.linkListeners]) listener();
  }

  private tell<K extends keyof StreamEvents>(event: K, payload: StreamEvents[K]): void {
    for (const handler of [...(this.handlers.get(event) ?? [])]) {
      (handler as Handler<K>)(payload);
    }
  }
}
