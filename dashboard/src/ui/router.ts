import { useSyncExternalStore } from 'react';
import { withBase, withoutBase } from '../base/basePath';

/** The address bar as a store: path and query, without the base path. */

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener('popstate', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('popstate', listener);
  };
}

const address = () => withoutBase(location.pathname) + location.search;

export function navigate(to: string, options: { replace?: boolean } = {}): void {
  if (to === address()) return;
  if (options.replace) history.replaceState(null, '', withBase(to));
  else history.pushState(null, '', withBase(to));
  for (const listener of [...listeners]) listener();
}

export interface Route {
  path: string;
  query: URLSearchParams;
}

export function useRoute(): Route {
  const text = useSyncExternalStore(subscribe, address);
  const url = new URL(text, 'http://page');
  return { path: url.pathname, query: url.searchParams };
}
