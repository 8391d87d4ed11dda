import { Preference } from './store';

export type Theme = 'auto' | 'dark' | 'light';

export const theme = new Preference<Theme>('surveillx.theme', ['auto', 'dark', 'light'], 'auto');
export const shortcuts = new Preference<'on' | 'off'>('surveillx.shortcuts', ['on', 'off'], 'on');

/** Puts the chosen theme on the page; public/theme.js does the same before the first paint. */
export function applyTheme(): void {
  const chosen = theme.get();
  if (chosen === 'auto') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = chosen;
}
