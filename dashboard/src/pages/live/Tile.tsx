import { memo, useCallback, useEffect, useRef, useSyncExternalStore, type CSSProperties, type RefObject } from 'react';
import type { Face } from '../../stream/events';
import { Icon } from '../../ui/Icon';
import { faceLabel, formatAge, kStateWords, orderFaces } from './format';
import { canvasPainter } from '../../live/framePainter';
import type { CameraName, LiveStore, TileView } from '../../live/liveStore';

interface TileProps {
  camera: CameraName;
  live: LiveStore;
  enlarged: boolean;
  onOpen: () => void;
  onPlace: (cameraId: string, tile: { width: number; inSight: boolean } | null) => void;
}

export function Tile({ camera, live, enlarged, onOpen, onPlace }: TileProps) {
  const { id, name } = camera;
  const view = useSyncExternalStore(
    useCallback((listener) => live.subscribe(id, listener), [live, id]),
    () => live.view(id),
  );
  const canvasRef = useRef<HTMLCanvasElement>(null);
  const stageRef = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const canvas = canvasRef.current;
    if (canvas === null) return;
    live.canvasReplaced(id);
    const painter = canvasPainter(canvas, (frame) => live.drawn(frame));
    const stop = live.onFrame(id, (frame) => painter.push(frame));
    return () => {
      stop();
      painter.close();
    };
  }, [live, id]);

  usePlace(stageRef, id, onPlace);

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
          <canvas ref={canvasRef} hidden={!view.hasPicture} width={16} height={9} aria-hidden="true" />
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

/** Reports the stage's width, and whether it is scrolled into sight. */
function usePlace(
  ref: RefObject<HTMLDivElement | null>,
  cameraId: string,
  onPlace: TileProps['onPlace'],
): void {
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    let width = Math.round(element.getBoundingClientRect().width);
    let inSight = true;
    const tell = () => onPlace(cameraId, { width, inSight });
    tell();
    if (typeof ResizeObserver === 'undefined' || typeof IntersectionObserver === 'undefined') {
      return () => onPlace(cameraId, null);
    }
    const size = new ResizeObserver(([entry]) => {
      const next = Math.round(entry?.contentRect.width ?? width);
      if (next === width) return;
      width = next;
      tell();
    });
    const sight = new IntersectionObserver(
      (entries) => {
        const next = entries.at(-1)?.isIntersecting ?? inSight;
        if (next === inSight) return;
        inSight = next;
        tell();
      },
      // A little early, so that a tile that is scrolled to is live already.
      { rootMargin: '200px' },
    );
    size.observe(element);
    sight.observe(element);
    return () => {
      size.disconnect();
      sight.disconnect();
      onPlace(cameraId, null);
    };
  }, [ref, cameraId, onPlace]);
}
