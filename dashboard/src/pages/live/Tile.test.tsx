// @vitest-environment jsdom
import { act, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakePictures, fakeStream, type FakePictureSource } from '../../../test/fakes';
import { LiveStore } from '../../live/liveStore';
import { Tile } from './Tile';

/** The last one made, as the browser's. */
class FakeObserver {
  static last: Record<string, FakeObserver> = {};
  constructor(readonly tell: (entries: object[]) => void) {}
  observe(): void {}
  disconnect(): void {}
}
class Size extends FakeObserver {
  override observe(): void {
    FakeObserver.last['size'] = this;
  }
}
class Sight extends FakeObserver {
  override observe(): void {
    FakeObserver.last['sight'] = this;
  }
}

describe('a tile', () => {
  const { stream, socket } = fakeStream();
  let live: LiveStore;
  let pictures: FakePictures;

  beforeEach(() => {
    vi.stubGlobal('ResizeObserver', Size);
    vi.stubGlobal('IntersectionObserver', Sight);
    live = new LiveStore(stream, () => performance.now());
    pictures = new FakePictures();
    socket.arrive('connect');
    socket.arrive('camera', {
      camera_id: 'a', name: 'Door', state: 'live', reason: null, fps: 30, width: 640, height: 360, codec: 'VP8',
    });
    live.setWatched(['a']);
  });

  afterEach(() => live.close());

  const tile = (enlarged = false) => (
    <Tile camera={{ id: 'a', name: 'Door' }} live={live} pictures={pictures} enlarged={enlarged} onOpen={() => {}} />
  );
  const source = () => pictures.opened.at(-1)?.source as FakePictureSource;
  const resize = (width: number) => act(() => FakeObserver.last['size']?.tell([{ contentRect: { width } }]));
  const scroll = (isIntersecting: boolean) => act(() => FakeObserver.last['sight']?.tell([{ isIntersecting }]));

  it('shows whatever its source paints, and says so', () => {
    render(tile());
    const shown = screen.getByTestId('tile-Door');
    const surface = shown.querySelector<HTMLElement>('.surface');
    expect(source().host).toBe(surface);
    expect([surface?.hidden, shown.dataset['state']]).toEqual([true, 'connecting']);
    act(() => source().paint({ paintedAt: performance.now(), timestamp: null, seq: 7 }));
    expect([surface?.hidden, shown.dataset['state'], shown.dataset['seq']]).toEqual([false, 'live', '7']);
    expect(surface?.querySelector('video')).toBeTruthy();
  });

  it('tells its source what it wants: its width, more when enlarged, nothing out of sight', () => {
    const { rerender } = render(tile());
    expect(source().wants).toEqual([]);
    resize(400.4);
    resize(400.2);
    scroll(false);
    scroll(true);
    rerender(tile(true));
    resize(900);
    expect(source().wants).toEqual([
      { width: 400, enlarged: false },
      null,
      { width: 400, enlarged: false },
      { width: 400, enlarged: true },
      { width: 900, enlarged: true },
    ]);
    expect(pictures.opened).toHaveLength(1);
  });

  it('stops its source when it goes, and when pictures come another way', () => {
    const { rerender, unmount } = render(tile());
    resize(400);
    const first = source();
    pictures = new FakePictures();
    rerender(tile());
    expect([first.state().kind, source().state().kind]).toEqual(['stopped', 'waiting']);
    expect(source().wants).toEqual([{ width: 400, enlarged: false }]);
    unmount();
    expect(source().state().kind).toBe('stopped');
  });
});
