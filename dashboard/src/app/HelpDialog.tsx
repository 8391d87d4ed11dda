import type { KeyHelp, Page } from '../pages/page';
import { Dialog } from '../ui/Dialog';
import { shortcuts } from '../ui/preferences';
import { usePreference } from '../ui/store';

const kKeysEverywhere: readonly KeyHelp[] = [
  [['t'], 'Theme: as the system, dark, light'],
  [['?'], 'This help'],
];

interface HelpProps {
  /** Those that the user may open. */
  pages: readonly Page[];
  version: string | null;
  onClose: () => void;
}

export function HelpDialog({ pages, version, onClose }: HelpProps) {
  const keys: KeyHelp[] = [
    ...pages.flatMap(({ shortcut, label }): KeyHelp[] => (shortcut === undefined ? [] : [[[shortcut], label]])),
    ...pages.flatMap((page) => page.keys ?? []),
    ...kKeysEverywhere,
  ];
  const on = usePreference(shortcuts) === 'on';
  return (
    <Dialog title="Help and shortcuts" onClose={onClose}>
      <dl className="keys">
        {keys.map(([names, does]) => (
          <div key={`${names.join(' ')} ${does}`}>
            <dt>
              {names.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <label className="check">
        <input
          type="checkbox"
          checked={on}
          onChange={(event) => shortcuts.set(event.target.checked ? 'on' : 'off')}
        />
        <span>Use the single-key shortcuts</span>
      </label>
      <h3>What the states mean</h3>
      <dl className="legend">
        <div>
          <dt data-state="live">Live</dt>
          <dd>The picture is less than two seconds old; beside it how old, and how many a second.</dd>
        </div>
        <div>
          <dt data-state="stale">Stale</dt>
          <dd>No new picture for two seconds. The grey picture is the last one.</dd>
        </div>
        <div>
          <dt data-state="offline">Offline</dt>
          <dd>No new picture for five seconds, or the camera is not connected.</dd>
        </div>
      </dl>
      {version !== null && <p className="hint">SurveillX {version}</p>}
    </Dialog>
  );
}
