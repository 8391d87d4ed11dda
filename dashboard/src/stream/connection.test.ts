import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeStream } from '../../test/fakes';

describe('StreamConnection', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('sends watch in the moment it connects, also when nothing is shown', () => {
    const { socket } = fakeStream();
    socket.arrive('connect');
    expect(socket.watches).toEqual([{ cameras: [], max_fps: 15, max_width: 640 }]);
  });

  it('sends what is wanted again after a reconnect', () => {
    const { socket, stream } = fakeStream();
    const request = { cameras: ['a'], max_fps: 15, max_width: 320 };
    stream.watch(request);
    socket.arrive('connect');
    socket.arrive('disconnect', 'transport close');
    expect(stream.link().state).toBe('lost');
    socket.arrive('connect');
    expect(socket.watches).toEqual([request, request]);
    expect(stream.link().state).toBe('connected');
  });

  it('sends one watch for several changes, and none when nothing changed', () => {
    const { socket, stream } = fakeStream();
    socket.arrive('connect');
    for (const max_width of [320, 640, 1280]) stream.watch({ cameras: ['a'], max_fps: 15, max_width });
    vi.advanceTimersByTime(1_000);
    stream.watch({ cameras: ['a'], max_fps: 15, max_width: 1280 });
    vi.advanceTimersByTime(1_000);
    expect(socket.watches.slice(1)).toEqual([{ cameras: ['a'], max_fps: 15, max_width: 1280 }]);
  });

  it('pauses without waiting, since timers of hidden pages are late', () => {
    const { socket, stream } = fakeStream();
    stream.watch({ max_fps: 15, max_width: 640 });
    socket.arrive('connect');
    stream.watch({ cameras: [], max_fps: 15, max_width: 640 });
    expect(socket.watches.at(-1)?.cameras).toEqual([]);
  });

  it('sends a refused watch again', () => {
    const { socket, stream } = fakeStream();
    socket.acknowledge = () => ({ ok: false, cameras: [], error: 'too_many_requests' });
    stream.watch({ max_fps: 15, max_width: 640 });
    socket.arrive('connect');
    socket.acknowledge = (request) => ({ ok: true, cameras: request.cameras ?? [] });
    vi.advanceTimersByTime(2_000);
    expect(socket.watches).toHaveLength(2);
  });

  it('asks about the session when the server ends the connection, and comes back if it holds', async () => {
    const mayRetry = vi.fn(() => Promise.resolve(true));
    const { socket } = fakeStream({ mayRetry });
    socket.arrive('connect');
    socket.arrive('disconnect', 'io server disconnect');
    await vi.advanceTimersByTimeAsync(10);
    expect(mayRetry).toHaveBeenCalledOnce();
    expect(socket.connects).toBe(1);
  });

  it('stays away when the session has ended', async () => {
    const { socket } = fakeStream({ mayRetry: () => Promise.resolve(false) });
    socket.active = false;
    socket.arrive('connect_error', new Error('unauthorized'));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(socket.connects).toBe(0);
  });

  it('drops what does not keep to the contract', () => {
    const { socket, stream } = fakeStream();
    const heard = vi.fn();
    stream.on('camera', heard);
    socket.arrive('camera', { camera_id: 'a', name: 'A', state: 'sleeping' });
    socket.arrive('camera', 'junk');
    expect(heard).not.toHaveBeenCalled();
  });

  it('tells whether a connection is the first or another', () => {
    const { socket, stream } = fakeStream();
    const heard = vi.fn();
    stream.on('connected', heard);
    socket.arrive('connect');
    socket.arrive('disconnect', 'transport error');
    socket.arrive('connect');
    expect(heard.mock.calls).toEqual([[{ again: false }], [{ again: true }]]);
  });

  describe('when the server says nothing', () => {
    const status = { connected: true, server_time: 1_000, version: '1' };

    it('notices within five seconds that a connection which stands is dead', () => {
      const { socket, stream } = fakeStream();
      socket.arrive('connect');
      vi.advanceTimersByTime(2_000);
      socket.arrive('status', status);
      vi.advanceTimersByTime(3_500);
      expect(stream.link().state).toBe('connected');
      vi.advanceTimersByTime(1_500);
      expect(stream.link().state).toBe('silent');
    });

    it('stays connected while only the heartbeat comes, and recovers with the first word', () => {
      const { socket, stream } = fakeStream();
      const states: string[] = [];
      stream.subscribeLink(() => states.push(stream.link().state));
      socket.arrive('connect');
      for (let beat = 0; beat < 30; ++beat) {
        vi.advanceTimersByTime(2_000);
        socket.arrive('status', status);
      }
      expect(states).toEqual(['connected']);
      vi.advanceTimersByTime(5_000);
      socket.arrive('camera', 'even what cannot be read shows that it lives');
      expect(states).toEqual(['connected', 'silent', 'connected']);
    });

    it('gives a connection up that stays silent, and opens another', () => {
      const { socket, stream } = fakeStream();
      socket.arrive('connect');
      vi.advanceTimersByTime(13_000);
      expect(socket.disconnected).toBe(true);
      expect(stream.link().state).toBe('lost');
      expect(socket.connects).toBe(1);
      socket.arrive('connect');
      expect(stream.link().state).toBe('connected');
    });

    it('does not blame the server for a sleep of the page itself', () => {
      let now = 0;
      const { socket, stream } = fakeStream({ now: () => now });
      socket.arrive('connect');
      vi.advanceTimersByTime(500);
      now += 60_000;
      vi.advanceTimersByTime(500);
      expect(stream.link().state).toBe('connected');
    });
  });
});
