import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import type { CameraName, LiveStore } from '../../live/liveStore';
import { useLink, useServices } from '../../services/services';
import { useAnnounce } from '../../ui/Announcer';
import { Icon } from '../../ui/Icon';
import { Freshness } from '../../ui/Freshness';
import { EmptyState, Notice } from '../../ui/Notice';
import { navigate } from '../../ui/router';
import { usePageHidden } from '../../ui/usePageHidden';
import { useShortcuts } from '../../ui/useShortcut';
import type { PageProps } from '../page';
import { summarise } from './format';
import { Tile } from './Tile';
import './live.css';

export default function LivePage({ path, query }: PageProps) {
  const { live, pictures, stream, system, camerasLoaded, camerasLoadedAt, camerasError, refreshCameras } = useServices();
  // While the server answers, its events keep what is shown true.
  const current = useLink(stream).state === 'connected';
  const selected = query.get('camera');
  const cameras = useSyncExternalStore(live.subscribeList, live.cameras);
  const index = cameras.findIndex((camera) => camera.id === selected);
  const enlarged = index < 0 ? null : (cameras[index] ?? null);
  const shown = useMemo(() => (enlarged === null ? cameras : [enlarged]), [enlarged, cameras]);

  useEffect(() => {
    document.title = `${enlarged?.name ?? 'Live'} – SurveillX`;
  }, [enlarged?.name]);

  const publish = system?.publish;

  const hidden = usePageHidden();
  useEffect(() => {
    pictures.setShown(!hidden);
    return () => pictures.setShown(false);
  }, [pictures, hidden]);

  const openCamera = (id: string | null, options?: { replace: boolean }) =>
    navigate(id === null ? path : `${path}?camera=${encodeURIComponent(id)}`, options);
  const step = (by: number) => {
    const next = cameras[(index + by + cameras.length) % cameras.length];
    if (enlarged !== null && next !== undefined) openCamera(next.id, { replace: true });
  };
  const back = () => {
    if (enlarged === null) return;
    openCamera(null);
    // The focus returns to the tile that was enlarged.
    const { id } = enlarged;
    requestAnimationFrame(() => {
      document.querySelector<HTMLElement>(`[data-camera-id="${CSS.escape(id)}"] .tile-open`)?.focus();
    });
  };
  useShortcuts({ Escape: back, ArrowLeft: () => step(-1), ArrowRight: () => step(1) });

  return (
    <section className={enlarged === null ? 'live' : 'live live-one'} aria-labelledby="live-title">
      <div className="page-head">
        {enlarged !== null && (
          <button type="button" className="button" onClick={back} data-testid="back-to-grid">
            <Icon name="back" size={18} /> All cameras
          </button>
        )}
        <h1 id="live-title" className={enlarged === null ? '' : 'sr-only'}>
          {enlarged === null ? 'Live' : enlarged.name}
        </h1>
        {cameras.length > 0 && enlarged === null && <Summary live={live} cameras={cameras} />}
        {enlarged === null && <Freshness at={camerasLoadedAt} current={current} />}
        {enlarged !== null && cameras.length > 1 && (
          <div className="stepper">
            <button type="button" className="icon-button" onClick={() => step(-1)} aria-label="Previous camera">
              <Icon name="back" />
            </button>
            <span className="muted">
              {index + 1} of {cameras.length}
            </span>
            <button type="button" className="icon-button" onClick={() => step(1)} aria-label="Next camera">
              <Icon name="forward" />
            </button>
          </div>
        )}
      </div>

      {publish?.mode === 'legacy' && <Elsewhere url={publish.url} />}
      {cameras.length === 0 ? (
        <NoCameras loaded={camerasLoaded} error={camerasError} onRetry={refreshCameras} />
      ) : (
        <ul className="grid" data-count={Math.min(shown.length, 10)} data-testid="live-grid">
          {shown.map((camera) => (
            <li key={camera.id}>
              <Tile
                camera={camera}
                live={live}
                pictures={pictures}
                enlarged={enlarged !== null}
                onOpen={() => openCamera(camera.id)}
              />
            </li>
          ))}
        </ul>
      )}
      <StateAnnouncer live={live} cameras={cameras} />
    </section>
  );
}

function useStates(live: LiveStore, cameras: readonly CameraName[]) {
  const text = useSyncExternalStore(
    useCallback(
      (listener: () => void) => {
        const undo = cameras.map((camera) => live.subscribe(camera.id, listener));
        return () => undo.forEach((stop) => stop());
      },
      [live, cameras],
    ),
    () => cameras.map((camera) => live.view(camera.id).state).join(),
  );
  return useMemo(
    () => (text === '' ? [] : (text.split(',') as ReturnType<LiveStore['view']>['state'][])),
    [text],
  );
}

function Summary({ live, cameras }: { live: LiveStore; cameras: readonly CameraName[] }) {
  return (
    <p className="muted" data-testid="live-summary">
      {summarise(useStates(live, cameras))}
    </p>
  );
}

/** Tells a screen reader when a camera fails or comes back; not the rest, which never stops. */
function StateAnnouncer({ live, cameras }: { live: LiveStore; cameras: readonly CameraName[] }) {
  const announce = useAnnounce();
  const states = useStates(live, cameras);
  const [told, setTold] = useState<ReadonlyMap<string, string>>(new Map());

  useEffect(() => {
    const next = new Map<string, string>();
    const words: string[] = [];
    cameras.forEach(({ id, name }, i) => {
      const state = states[i];
      const before = told.get(id);
      // Stale is often over in a moment, so it is not told aloud.
      const worth = state === 'live' || state === 'offline' ? state : before;
      if (worth === undefined) return;
      next.set(id, worth);
      if (before !== undefined && before !== worth) {
        words.push(worth === 'live' ? `${name} is live again.` : `${name} is offline.`);
      }
    });
    if (words.length > 0) announce(words.join(' '));
    if (next.size !== told.size || [...next].some(([id, state]) => told.get(id) !== state)) {
      setTold(next);
    }
  }, [cameras, states, told, announce]);
  return null;
}

function NoCameras({ loaded, error, onRetry }: { loaded: boolean; error: string | null; onRetry: () => void }) {
  if (!loaded && error !== null) {
    return (
      <EmptyState icon="warning" title="The cameras could not be loaded" testId="live-error">
        <p>{error}</p>
        <button type="button" className="button" onClick={onRetry}>
          Try again
        </button>
      </EmptyState>
    );
  }
  if (!loaded) {
    return (
      <ul className="grid" data-count="1" aria-busy="true" aria-label="Loading cameras">
        <li>
          <div className="tile tile-skeleton" />
        </li>
      </ul>
    );
  }
  return (
    <EmptyState icon="camera" title="No camera yet" testId="live-empty">
      <p>On the server, add one and give it a name:</p>
      <pre>
        <code>surveillx cameras add Entrance</code>
      </pre>
      <p>
        It prints the camera’s token and the command to run beside the camera. The picture appears here
        by itself, within seconds of the camera connecting.
      </p>
    </EmptyState>
  );
}

function Elsewhere({ url }: { url: string }) {
  return (
    <Notice tone="info" testId="publish-legacy">
      <strong>Pictures are published to another server.</strong>{' '}
      {url === '' ? 'They are not shown here.' : (
        <>
          They go to <code>{url}</code> and are not shown here.
        </>
      )}{' '}
      Recognition and attendance go on as usual.
    </Notice>
  );
}
