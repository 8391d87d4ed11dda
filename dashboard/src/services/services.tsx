import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
  type ReactNode,
} from 'react';
import type { ApiClient } from '../api/client';
import type { SystemInfo } from '../api/types';
import { FramePictures } from '../live/framePictures';
import { LiveStore } from '../live/liveStore';
import type { Pictures } from '../live/pictureSource';
import type { Link, StreamConnection } from '../stream/connection';
import { openStream } from '../stream/open';

/** What exists while somebody is signed in. */
export interface Services {
  api: ApiClient;
  stream: StreamConnection;
  live: LiveStore;
  /** What paints into tiles. */
  pictures: Pictures;
  /** Null until the server has told it. */
  system: SystemInfo | null;
  /** Whether the list of cameras has been had once; null while it has not, else why not. */
  camerasLoaded: boolean;
  /** Local monotonic ms of the last answer; null before the first. */
  camerasLoadedAt: number | null;
  camerasError: string | null;
  refreshCameras: () => void;
}

type Parts = Pick<Services, 'stream' | 'live' | 'pictures'>;

const Context = createContext<Services | null>(null);
const kSystemPeriodMs = 15_000;
/** While media is away its return is the news. */
const kMediaAwayPeriodMs = 2_000;
/** Events come in bursts, one a camera. */
const kSettleMs = 300;
const kCamerasPeriodMs = 30_000;
/** With none yet, somebody is probably adding the first one right now. */
const kFirstCameraPeriodMs = 4_000;

export type OpenStream = (mayRetry: () => Promise<boolean>) => StreamConnection;

export function ServicesProvider({
  api,
  mayRetry,
  open = openStream,
  children,
}: {
  api: ApiClient;
  mayRetry: () => Promise<boolean>;
  open?: OpenStream;
  children: ReactNode;
}) {
  const [parts, setParts] = useState<Parts | null>(null);

  useEffect(() => {
    const stream = open(mayRetry);
    const live = new LiveStore(stream, () => performance.now());
    const pictures = new FramePictures(stream, live, () => performance.now());
    setParts({ stream, live, pictures });
    return () => {
      pictures.close();
      live.close();
      stream.close();
    };
  }, [open, mayRetry]);

  if (parts === null) return null;
  return (
    <WithServices api={api} {...parts}>
      {children}
    </WithServices>
  );
}

function WithServices({
  api,
  stream,
  live,
  pictures,
  children,
}: Parts & { api: ApiClient; children: ReactNode }) {
  const [system, setSystem] = useState<SystemInfo | null>(null);
  const [cameras, setCameras] = useState<{ loadedAt: number | null; error: string | null }>({
    loadedAt: null,
    error: null,
  });
  const cameraCount = useSyncExternalStore(live.subscribeList, live.cameras).length;

  const refreshSystem = useCallback(async () => {
    try {
      setSystem(await api.system());
    } catch {
      // The connection indicator says it; what was known stays.
    }
  }, [api]);

  const refreshCameras = useCallback(async () => {
    const requestedAt = performance.now();
    try {
      live.takeList(await api.cameras(), requestedAt);
      setCameras({ loadedAt: performance.now(), error: null });
    } catch (error) {
      setCameras((old) => ({ ...old, error: (error as Error).message }));
    }
  }, [api, live]);

  useEffect(() => {
    void refreshSystem();
  }, [refreshSystem]);

  const mediaAway = system !== null && !system.media_connected && system.publish.mode !== 'legacy';
  const systemPeriod = mediaAway ? kMediaAwayPeriodMs : kSystemPeriodMs;
  useEffect(() => {
    const timer = setInterval(() => void refreshSystem(), systemPeriod);
    return () => clearInterval(timer);
  }, [refreshSystem, systemPeriod]);

  // A camera that goes offline may mean that media itself went away.
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = stream.on('camera', ({ camera }) => {
      if (camera.state !== 'offline') return;
      clearTimeout(timer);
      timer = setTimeout(() => void refreshSystem(), kSettleMs);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [stream, refreshSystem]);

  const period = cameraCount === 0 ? kFirstCameraPeriodMs : kCamerasPeriodMs;
  useEffect(() => {
    const timer = setInterval(() => void refreshCameras(), period);
    return () => clearInterval(timer);
  }, [refreshCameras, period]);

  useEffect(() => {
    void refreshCameras();
    live.onNewCamera = () => void refreshCameras();
    const undo = stream.on('connected', ({ again }) => {
      // Media tells its engine when it connects, which may be after the first answer.
      void refreshSystem();
      if (again) void refreshCameras();
    });
    return () => {
      live.onNewCamera = null;
      undo();
    };
  }, [stream, live, refreshCameras, refreshSystem]);

  useEffect(() => {
    live.setElsewhere(system?.publish.mode === 'legacy');
  }, [live, system]);

  const value = useMemo<Services>(
    () => ({
      api,
      stream,
      live,
      pictures,
      system,
      camerasLoaded: cameras.loadedAt !== null,
      camerasLoadedAt: cameras.loadedAt,
      camerasError: cameras.error,
      refreshCameras: () => void refreshCameras(),
    }),
    [api, stream, live, pictures, system, cameras, refreshCameras],
  );
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

export function useServices(): Services {
  const value = useContext(Context);
  if (value === null) throw new Error('useServices needs a ServicesProvider');
  return value;
}

export function useLink(stream: StreamConnection): Link {
  return useSyncExternalStore(stream.subscribeLink, stream.link);
}
