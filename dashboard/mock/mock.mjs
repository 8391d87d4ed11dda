/**
 * A stand-in for `surveillx web`: the HTTP API and the Socket.IO namespace that the dashboard uses,
 * with drawn cameras. For development and for the tests in e2e/; keeps everything in memory.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Server } from 'socket.io';
import { drawFrame, headAt, kLoopFrames } from './scene.mjs';

const kDist = fileURLToPath(new URL('../dist', import.meta.url));
const kTypes = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
// The policy of the real server, so that what would break there breaks here.
const kPolicy =
  "default-src 'self'; img-src 'self' blob: data:; connect-src 'self'; " +
  "style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
const kZone = 'Europe/Berlin';
const kNames = ['Ada Lovelace', 'Kofi Mensah', 'Renée Dubois', 'Yusuf Demir', 'Mei-Ling Chen', 'Jürgen Groß'];

const dayOf = (ms) => new Intl.DateTimeFormat('en-CA', { timeZone: kZone }).format(ms);

/** RFC 3339 with the zone's offset. */
function local(ms) {
  const name = new Intl.DateTimeFormat('en', { timeZone: kZone, timeZoneName: 'longOffset' })
    .formatToParts(ms)
    .find((part) => part.type === 'timeZoneName').value;
  const offset = name === 'GMT' ? '+00:00' : name.slice(3);
  const minutes = (offset[0] === '-' ? -1 : 1) * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4, 6)));
  return new Date(ms + minutes * 60_000).toISOString().replace('Z', offset);
}

export class Mock {
  cameras = [];
  people = kNames.map((name, i) => ({ id: randomUUID(), name, external_id: i % 3 === 2 ? '' : `S-${1001 + i}` }));
  records = new Map();
  engine = { name: 'yunet+dlib', model: 'dlib-densenet-v1', trial: false, notice: '' };
  publish = { mode: 'internal', url: '' };
  mediaConnected = true;
  /** Added to the real time: for a change of day, and for browsers with wrong clocks. */
  timeShiftMs = 0;
  /** The process hangs: connections stand, nothing is sent and no request is answered. */
  frozen = false;
  /** Paths that answer 500. */
  failing = new Set();
  password = 'correct horse';
  sessions = new Map();
  watches = [];

  constructor() {
    this.http = createServer((request, response) => void this.serve(request, response));
    this.io = new Server(this.http, { serveClient: false, maxHttpBufferSize: 1e6 });
    const stream = (this.stream = this.io.of('/stream'));
    stream.use((socket, next) =>
      next(this.sessionOf(socket.request.headers.cookie) ? undefined : new Error('unauthorized')),
    );
    stream.on('connection', (socket) => this.welcome(socket));
  }

  now() {
    return Date.now() + this.timeShiftMs;
  }

  async listen(port = 0) {
    await new Promise((resolve) => this.http.listen(port, '127.0.0.1', resolve));
    this.port = this.http.address().port;
    this.url = `http://127.0.0.1:${this.port}`;
    this.timer = setInterval(() => this.tick(), 50);
    return this;
  }

  async close() {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.timer);
    const closed = this.io.close();
    // Browsers keep connections open, for which closing would wait.
    this.http.closeAllConnections();
    await closed;
  }

  addCamera(name, { people = [], ratio = [16, 9], state = 'live' } = {}) {
    const index = this.cameras.length;
    const camera = {
      id: randomUUID(),
      number: index + 1,
      name,
      state,
      reason: state === 'offline' ? 'no frames for 5 s' : null,
      sending: state === 'live',
      delayMs: 8,
      seq: 0,
      due: 0,
      jpegs: new Map(),
      scene: {
        index,
        ratio,
        people: people.map((who, i) => ({
          who,
          look: index + i,
          x: 0.2 + 0.25 * i,
          y: 0.42 + 0.04 * (i % 2),
          size: 0.1,
          phase: 0.31 * i,
          presence: i === 0 ? 1 : 0.8,
        })),
      },
    };
    this.cameras.push(camera);
    this.tellCamera(camera);
    return camera;
  }

  removeCamera(name) {
    const camera = this.camera(name);
    this.cameras.splice(this.cameras.indexOf(camera), 1);
    this.stream.emit('camera', { ...this.cameraEvent(camera), state: 'removed' });
  }

  camera(name) {
    return this.cameras.find((camera) => camera.name === name);
  }

  /** What media would tell of a camera, and whether it sends. */
  setCamera(name, state, { reason = null, sending = state === 'live' } = {}) {
    const camera = this.camera(name);
    Object.assign(camera, { state, reason, sending });
    this.tellCamera(camera);
  }

  /** The person is seen now, or at `at`. */
  see(person, at = this.now()) {
    const day = dayOf(at);
    const key = `${person.id} ${day}`;
    const old = this.records.get(key);
    const record = {
      person,
      day,
      first_seen: Math.min(old?.first_seen ?? at, at),
      last_seen: Math.max(old?.last_seen ?? at, at),
      sightings: (old?.sightings ?? 0) + 1,
    };
    this.records.set(key, record);
    this.stream.emit('attendance', {
      person_id: person.id,
      name: person.name,
      day,
      first_seen: record.first_seen,
      last_seen: record.last_seen,
      camera_id: this.cameras[0]?.id ?? null,
      status: 'present',
      new: old === undefined,
    });
  }

  endSessions() {
    this.sessions.clear();
    this.stream.disconnectSockets(true);
  }

  // Socket.IO

  welcome(socket) {
    socket.data.watch = { binary: false, cameras: null, max_fps: 15, max_width: 640, since: Date.now() };
    socket.data.next = new Map();
    socket.emit('status', { connected: true, server_time: this.now(), version: '0.1.0-mock' });
    for (const camera of this.cameras) socket.emit('camera', this.cameraEvent(camera));
    socket.on('watch', (request, answer) => {
      this.watches.push({ at: Date.now(), request });
      const wanted = request.cameras ?? this.cameras.map((camera) => camera.id);
      const cameras = wanted.filter((id) => this.cameras.some((camera) => camera.id === id));
      socket.data.watch = {
        binary: true,
        cameras: request.cameras === undefined ? null : cameras,
        max_fps: request.max_fps ?? 15,
        max_width: request.max_width ?? 640,
      };
      answer?.({ ok: true, cameras });
    });
  }

  tellCamera(camera) {
    this.stream.emit('camera', this.cameraEvent(camera));
  }

  cameraEvent(camera) {
    const live = camera.state === 'live';
    const [w, h] = camera.scene.ratio;
    return {
      camera_id: camera.id,
      name: camera.name,
      state: camera.state,
      reason: camera.reason,
      fps: live ? 30 : 0,
      width: live ? 1280 : 0,
      height: live ? Math.round((1280 * h) / w) : 0,
      codec: live ? 'VP8' : '',
    };
  }

  tick() {
    const now = this.now();
    if (this.frozen) return;
    if (now >= (this.nextStatus ?? 0)) {
      this.nextStatus = now + 2_000;
      this.stream.emit('status', { connected: true, server_time: now, version: '0.1.0-mock' });
    }
    for (const camera of this.cameras) {
      if (!camera.sending || this.publish.mode === 'legacy') continue;
      camera.seq += 1;
      const i = camera.seq % kLoopFrames;
      for (const socket of this.stream.sockets.values()) this.sendFrame(socket, camera, i, now);
      if (camera.seq % 3 === 0) this.stream.emit('detection', this.detection(camera, i, now));
    }
  }

  sendFrame(socket, camera, i, now) {
    const { binary, cameras, max_fps, max_width, since } = socket.data.watch;
    if (since !== undefined && Date.now() - since < 500) return;
    if (cameras !== null && !cameras.includes(camera.id)) return;
    const due = socket.data.next.get(camera.id) ?? 0;
    if (now < due) return;
    socket.data.next.set(camera.id, Math.max(due, now - 50) + 1000 / max_fps);
    const width = [320, 640, 1280].find((w) => w >= max_width) ?? 1280;
    const key = `${width} ${i}`;
    if (!camera.jpegs.has(key)) camera.jpegs.set(key, drawFrame(camera.scene, i, width));
    const frame = camera.jpegs.get(key);
    const [w, h] = camera.scene.ratio;
    socket.emit('frame', {
      camera_id: camera.id,
      seq: camera.seq,
      timestamp: now - camera.delayMs,
      server_time: now,
      width,
      height: Math.round((width * h) / w / 2) * 2,
      frame: binary ? frame : frame.toString('base64'),
    });
  }

  detection(camera, i, now) {
    const faces = camera.scene.people.flatMap((person, track) => {
      const head = headAt(person, i);
      if (head === null) return [];
      const { who } = person;
      const known = typeof who === 'object';
      return [
        {
          track_id: track + 1,
          box: [head.x, head.y, head.w, Math.min(head.h, 1 - head.y)],
          status: known ? 'known' : who,
          person_id: known ? who.id : null,
          name: known ? who.name : null,
          confidence: who === 'pending' ? 0 : 0.9,
        },
      ];
    });
    return { camera_id: camera.id, seq: camera.seq, timestamp: now - camera.delayMs, faces };
  }

  // HTTP

  sessionOf(cookie) {
    const id = /(?:^|;\s*)surveillx_session=([^;]+)/.exec(cookie ?? '')?.[1];
    return id === undefined ? undefined : this.sessions.get(id);
  }

  async serve(request, response) {
    if (this.frozen) return;
    const url = new URL(request.url, 'http://mock');
    if (url.pathname.startsWith('/socket.io/')) return;
    if (!url.pathname.startsWith('/api/')) {
      this.serveFile(url.pathname, response);
      return;
    }
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    let body = {};
    try {
      body = chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString());
    } catch {
      problem(response, 400, 'bad_request', 'The body is not JSON.');
      return;
    }
    this.api(request, response, url, body);
  }

  api(request, response, url, body) {
    const route = `${request.method} ${url.pathname}`;
    if (this.failing.has(url.pathname)) return problem(response, 500, 'internal', 'The database is not available.');
    if (route === 'POST /api/auth/login') return this.login(response, body);
    const session = this.sessionOf(request.headers.cookie);
    if (session === undefined) return problem(response, 401, 'unauthorized', 'Sign in first.');
    if (request.method !== 'GET' && request.headers['x-csrf-token'] !== session.csrf_token) {
      return problem(response, 403, 'csrf', 'The CSRF token is missing or wrong.');
    }
    switch (route) {
      case 'GET /api/auth/me':
        return json(response, 200, { ...session, expires_at: local(this.now() + 43_200_000) });
      case 'POST /api/auth/logout':
        for (const [id, value] of this.sessions) if (value === session) this.sessions.delete(id);
        response.writeHead(204, { 'Set-Cookie': 'surveillx_session=; Path=/; Max-Age=0' }).end();
        return undefined;
      case 'POST /api/auth/password':
        if (body.current_password !== this.password) {
          return problem(response, 403, 'bad_credentials', 'The current password is wrong.');
        }
        if (String(body.new_password).length < 10) {
          return problem(response, 400, 'weak_password', 'A password has at least 10 characters.');
        }
        this.password = body.new_password;
        response.writeHead(204).end();
        return undefined;
      case 'GET /api/cameras':
        return json(response, 200, {
          cameras: this.cameras.map((camera) => {
            const { camera_id, ...event } = this.cameraEvent(camera);
            return { ...event, id: camera_id, number: camera.number, last_frame_at: null };
          }),
        });
      case 'GET /api/attendance': {
        const today = dayOf(this.now());
        const date = url.searchParams.get('date') ?? today;
        const records = [...this.records.values()]
          .filter((record) => record.day === date)
          .map(({ person, first_seen, last_seen, ...rest }) => ({
            person_id: person.id,
            person: person.name,
            external_id: person.external_id,
            first_seen: local(first_seen),
            last_seen: local(last_seen),
            status: 'present',
            ...rest,
          }));
        return json(response, 200, { timezone: kZone, today, from: date, to: date, records });
      }
      case 'GET /api/system':
        return json(response, 200, {
          version: '0.1.0-mock',
          timezone: kZone,
          today: dayOf(this.now()),
          engine: this.engine,
          publish: this.publish,
          media_connected: this.mediaConnected,
          database: { kind: 'sqlite' },
        });
      default:
        return problem(response, 404, 'not_found', 'There is no such thing.');
    }
  }

  login(response, { username, password }) {
    if (username === 'locked') {
      return problem(response, 429, 'too_many_attempts', 'Too many attempts.', { 'Retry-After': '30' });
    }
    if (username !== 'admin' || password !== this.password) {
      return problem(response, 401, 'bad_credentials', 'Username or password is wrong.');
    }
    const id = randomUUID();
    const session = { user: { id: randomUUID(), username, role: 'admin' }, csrf_token: randomUUID() };
    this.sessions.set(id, session);
    response.setHeader('Set-Cookie', `surveillx_session=${id}; Path=/; HttpOnly; SameSite=Lax`);
    return json(response, 200, { access_token: id, expires_in: 43200, ...session });
  }

  serveFile(path, response) {
    const file = normalize(join(kDist, path));
    const found = file.startsWith(kDist) && existsSync(file) && statSync(file).isFile();
    const served = found ? file : join(kDist, 'index.html');
    if (!existsSync(served)) {
      response.writeHead(503).end('Run `npm run build` first.');
      return;
    }
    response.writeHead(200, {
      'Content-Type': kTypes[extname(served)] ?? 'application/octet-stream',
      'Content-Security-Policy': kPolicy,
    });
    createReadStream(served).pipe(response);
  }
}

function json(response, status, value) {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
}

function problem(response, status, code, detail, headers = {}) {
  response
    .writeHead(status, { 'Content-Type': 'application/problem+json', ...headers })
    .end(JSON.stringify({ type: 'about:blank', title: code, status, code, detail }));
}
