import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakePictureSource, fakeStream } from '../../test/fakes';
import { LiveStore } from './liveStore';

const kStart = 1_795_430_400_000;
const kFace = { track_id: 1, box: [0, 0, 0.1, 0.1], status: 'known', person_id: 'p', name: 'Ada', confidence: 1 };

describe('LiveStore', () => {
  let local = 0;
  let socket: ReturnType<typeof fakeStream>['socket'];
  let store: LiveStore;
  let source: FakePictureSource;

  beforeEach(() => {
    vi.useFakeTimers();
    local = 50_000;
    const made = fakeStream({ now: () => local });
    socket = made.socket;
    store = new LiveStore(made.stream, () => local);
    socket.arrive('connect');
    // The browser's clock says nothing: the server's is 1.8e12 ahead of the local count.
    socket.arrive('status', { connected: true, server_time: kStart, version: '1' });
    tellCamera('live');
    store.setWatched(['a']);
    source = new FakePictureSource();
    store.follow('a', source);
  });

  afterEach(() => {
    store.close();
    vi.useRealTimers();
  });

  const pass = (ms: number) => {
    local += ms;
    vi.advanceTimersByTime(ms);
  };
  const serverNow = () => kStart + (local - 50_000);
  const tellCamera = (state: string, change: object = {}) =>
    socket.arrive('camera', {
      camera_id: 'a', name: 'Door', state, reason: null, fps: 30, width: 640, height: 360, codec: 'VP8', ...change,
    });
  const show = (seq: number, ageMs = 40) => {
    socket.arrive('frame', {
      camera_id: 'a', seq, timestamp: serverNow() - ageMs, server_time: serverNow(), width: 640, height: 360, frame: '',
    });
    source.paint({ paintedAt: local, timestamp: serverNow() - ageMs, seq });
  };
  const detect = (faces: object[]) =>
    socket.arrive('detection', { camera_id: 'a', seq: 1, timestamp: serverNow(), faces });

  it('tells the age of a picture by the server’s clock', () => {
    show(1, 40);
    expect(store.view('a')).toMatchObject({ state: 'live', hasPicture: true, ageMs: 40, width: 640 });
  });

  it('is live, of unknown age, with a source that does not tell when a picture was taken', () => {
    source.paint({ paintedAt: local, timestamp: null, seq: 1 });
    expect(store.view('a')).toMatchObject({ state: 'live', hasPicture: true, ageMs: null });
    pass(3_000);
    expect(store.view('a')).toMatchObject({ state: 'stale', ageMs: 3_000 });
  });

  it('tells why a source has failed, and takes no more from one that is not followed', () => {
    show(1);
    source.fail('The browser lacks the codec.');
    expect(store.view('a').state).toBe('live');
    pass(3_000);
    expect(store.view('a')).toMatchObject({ state: 'stale', reason: 'The browser lacks the codec.' });
    const next = new FakePictureSource();
    const unfollow = store.follow('a', next);
    next.paint({ paintedAt: local, timestamp: null, seq: 2 });
    unfollow();
    next.paint({ paintedAt: local, timestamp: null, seq: 3 });
    expect(store.view('a').seq).toBe(2);
  });

  it('turns stale after 2 s and offline after 5 s without a frame, and live again with one', () => {
    show(1);
    pass(1_750);
    expect(store.view('a').state).toBe('live');
    pass(500);
    expect(store.view('a')).toMatchObject({ state: 'stale', fps: 0 });
    pass(3_000);
    expect(store.view('a').state).toBe('offline');
    expect(store.view('a').ageMs).toBeGreaterThan(5_000);
    show(2);
    expect(store.view('a').state).toBe('live');
  });

  it('shows a detection until the next one', () => {
    show(1);
    detect([kFace]);
    expect(store.view('a').faces).toHaveLength(1);
    detect([]);
    expect(store.view('a').faces).toEqual([]);
  });

  it('shows a detection for a second at most', () => {
    show(1);
    detect([kFace]);
    pass(750);
    show(2);
    expect(store.view('a').faces).toHaveLength(1);
    pass(250);
    expect(store.view('a').faces).toEqual([]);
  });

  it('shows nobody in a picture that is not live', () => {
    show(1);
    pass(1_900);
    detect([kFace]);
    pass(250);
    expect(store.view('a')).toMatchObject({ state: 'stale', faces: [] });
  });

  it('does not let an older list overrule an event', () => {
    show(1);
    pass(100);
    tellCamera('offline', { reason: 'bye' });
    const listed = {
      id: 'a', number: 1, name: 'Door', state: 'live' as const, reason: null, fps: 1, width: 1, height: 1, codec: '', last_frame_at: null,
    };
    store.takeList([listed], local - 50);
    expect(store.view('a')).toMatchObject({ state: 'offline', reason: 'bye' });
    store.takeList([listed], local + 1);
    expect(store.view('a').state).toBe('live');
  });

  it('forgets removed cameras, by event and by list', () => {
    tellCamera('live', { camera_id: 'b', name: 'Hall' });
    expect(store.cameras().map((c) => c.name)).toEqual(['Door', 'Hall']);
    tellCamera('removed', { camera_id: 'b', name: 'Hall' });
    expect(store.cameras().map((c) => c.name)).toEqual(['Door']);
    store.takeList([], local);
    expect(store.cameras()).toEqual([]);
  });

  it('has no picture in a tile whose source is new', () => {
    show(1);
    store.follow('a', new FakePictureSource());
    expect(store.view('a')).toMatchObject({ hasPicture: false, state: 'connecting' });
  });

  it('tells components of changes only', () => {
    const heard = vi.fn();
    show(1);
    pass(1_000);
    tellCamera('offline', { reason: 'bye' });
    store.follow('a', new FakePictureSource());
    store.subscribe('a', heard);
    pass(5_000);
    expect(heard).not.toHaveBeenCalled();
  });
});
