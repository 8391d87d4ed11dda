import { memo, useCallback, useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore, type CSSProperties, type RefObject } from 'react';
import type { CameraName, LiveStore, TileView } from '../../live/liveStore';
import type { Pictures, PictureSource } from '../../live/pictureSource';
import type { Face } from '../../stream/events';
import { Icon } from '../../ui/Icon';
import { faceLabel, formatAge, kStateWords, orderFaces } from './format';

interface TileProps {
  camera: CameraName;
  live: LiveStore;
  pictures: Pictures;
  enlarged: boolean;
  onOpen: () => void;
}

export function Tile({ camera, live, pictures, enlarged, onOpen }: TileProps) {
  const { id, name } = camera;
  const view = useSyncExternalStore(
    useCallback((listener) => live.subscribe(id, listener), [live, id]),
    () => live.view(id),
  );
  const surfaceRef = useRef<HTMLDivElement>(null);
  const stageRef = useRef<HTMLDivElement>(null);
  const sourceRef = useRef<PictureSource | null>(null);
  const { width, inSight } = usePlace(stageRef);

  useEffect(() => {
    const surface = surfaceRef.current;
    if (surface === null) return;
    const source = pictures.open(id);
    const unfollow = live.follow(id, source);
    sourceRef.current = source;
    source.start(surface);
    return () => {
      unfollow();
      source.stop();
    };
  }, [live, pictures, id]);

  // After the source has been opened: it is told at once when the tile is laid out already.
  useEffect(() => {
    // Without a width it has not been laid out yet, whatever an observer says of it.
    if (width > 0) sourceRef.current?.want(inSight ? { width, enlarged } : null);
  }, [live, pictures, id, width, inSight, enlarged]);

  const picture = { '--ratio': view.width / view.height } as CSSProperties;
  return (
    <article
      className={enlarged ? 'tile tile-large' : 'tile'}
      data-testid={`tile-${name}`}
      data-camera-id={id}
      data-state={view.state}
      data-seq={view.seq}
      aria-label={`Camera ${name}`}
    >
      <div className="stage" ref={stageRef}>
        <div className="picture" style={picture}>
          <div className="surface" ref={surfaceRef} hidden={!view.hasPicture} aria-hidden="true" />
          <Boxes faces={view.faces} />
        </div>
        <Cover view={view} />
        {!enlarged && (
          <button type="button" className="tile-open" onClick={onOpen} aria-label={`Enlarge ${name}`}>
            <Icon name="expand" size={18} />
          </button>
        )}
      </div>
      <footer className="tile-foot">
        <div className="tile-line">
          <span className="state" data-state={view.state} data-testid="tile-state">
            {kStateWords[view.state]}
          </span>
          <h2 className="tile-name" title={name}>
            {name}
          </h2>
          <span className="tile-numbers">
            <span data-testid="tile-age" title="Age of the picture when it was drawn">
              {view.ageMs === null ? '–' : formatAge(view.ageMs)}
            </span>
            <span data-testid="tile-fps" title="Pictures a second">
              {Math.round(view.fps)} fps
            </span>
          </span>
        </div>
        <FaceList faces={view.faces} />
      </footer>
    </article>
  );
}

/** Boxes over the picture. The same is told as text below, so a screen reader skips these. */
const Boxes = memo(function Boxes({ faces }: { faces: readonly Face[] }) {
  return (
    <div className="boxes" aria-hidden="true">
      {faces.map((face) => {
        const [x, y, w, h] = face.box;
        const style = {
          left: `${x * 100}%`,
          top: `${y * 100}%`,
          width: `${w * 100}%`,
          height: `${h * 100}%`,
        };
        // A label above a face at the very top, or one that would leave at the right, is turned.
        const turned = `${y < 0.1 ? ' below' : ''}${x > 0.7 ? ' leftward' : ''}`;
        return (
          <div key={face.track_id} className={`box box-${face.status}${turned}`} style={style}>
            <span>{faceLabel(face)}</span>
          </div>
        );
      })}
    </div>
  );
});

const FaceList = memo(function FaceList({ faces }: { faces: readonly Face[] }) {
  return (
    <ul className="faces" data-testid="tile-faces" aria-label="People in the picture">
      {orderFaces(faces).map((face) => (
        <li key={face.track_id} className={`chip chip-${face.status}`} data-status={face.status}>
          {faceLabel(face)}
        </li>
      ))}
    </ul>
  );
});

/** What lies over a picture that must not be taken for a live one, or in place of a missing one. */
function Cover({ view }: { view: TileView }) {
  switch (view.state) {
    case 'live':
      return null;
    case 'connecting':
      return (
        <div className="cover">
          <span className="spinner" aria-hidden="true" />
          <p className="cover-title">{view.hasPicture ? 'Waiting for a new picture' : 'Waiting for the first picture'}</p>
          {view.reason !== null && <p>{view.reason}</p>}
        </div>
      );
    case 'elsewhere':
      return (
        <div className="cover">
          <Icon name="arrow" size={30} />
          <p className="cover-title">Shown on another server</p>
        </div>
      );
    case 'stale':
    case 'offline':
      return (
        <div className="cover">
          <Icon name={view.state === 'stale' ? 'warning' : 'cameraOff'} size={30} />
          <p className="cover-title">
            {view.hasPicture && view.ageMs !== null
              ? `Not live: this picture is ${formatAge(Math.floor(view.ageMs / 500) * 500)} old`
              : view.state === 'stale'
                ? 'No picture'
                : 'Camera offline'}
          </p>
          {view.reason !== null && <p data-testid="tile-reason">{view.reason}</p>}
        </div>
      );
  }
}

/** The element's width, 0 before it is laid out, and whether it is scrolled into sight. */
function usePlace(ref: RefObject<HTMLDivElement | null>): { width: number; inSight: boolean } {
  const [width, setWidth] = useState(0);
  const [inSight, setInSight] = useState(true);
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return;
    setWidth(Math.round(element.getBoundingClientRect().width));
    if (typeof ResizeObserver === 'undefined' || typeof IntersectionObserver === 'undefined') return;
    const size = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setWidth(Math.round(entry.contentRect.width));
    });
    const sight = new IntersectionObserver(
      (entries) => setInSight((old) => entries.at(-1)?.isIntersecting ?? old),
      // A little early, so that a tile that is scrolled to is live already.
      { rootMargin: '200px' },
    );
    size.observe(element);
    sight.observe(element);
    return () => {
      size.disconnect();
      sight.disconnect();
    };
  }, [ref]);
  return { width, inSight };
}
