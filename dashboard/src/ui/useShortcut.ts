import { useEffect, useRef } from 'react';
import { shortcuts } from './preferences';

/** True while typing belongs to a field, or a dialog is open. */
function isBusy(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return true;
  if (document.querySelector('dialog[open]') !== null) return true;
  const target = event.target;
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/**
 * Calls `keys[event.key]` for keys pressed anywhere on the page. Single characters can be switched
 * off in the help dialog (WCAG 2.1.4); Escape and the arrows stay.
 */
export function useShortcuts(keys: Record<string, () => void>): void {
  const current = useRef(keys);
  useEffect(() => {
    current.current = keys;
  });
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (isBusy(event)) return;
      if (event.key.length === 1 && shortcuts.get() === 'off') return;
      const action = current.current[event.key];
      if (action === undefined) return;
      event.preventDefault();
      action();
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, []);
}
