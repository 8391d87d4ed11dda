import { useSyncExternalStore } from 'react';

/** A remembered choice; lost quietly where storage is forbidden. */
export class Preference<T extends string> {
  private value: T;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly key: string,
    private readonly allowed: readonly T[],
    fallback: T,
  ) {
    this.value = fallback;
    try {
      const stored = localStorage.getItem(key) as T | null;
      if (stored !== null && allowed.includes(stored)) this.value = stored;
    } catch {
      // Private mode of some browsers.
    }
  }

  readonly get = (): T => this.value;

  set(value: T): void {
    this.value = value;
    try {
      localStorage.setItem(this.key, value);
    } catch {
      // As above.
    }
    for (const listener of [...this.listeners]) listener();
  }

  /** The choice after this one. */
  next(): T {
    const index = (this.allowed.indexOf(this.value) + 1) % this.allowed.length;
    return this.allowed[index] as T;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
}

export function usePreference<T extends string>(preference: Preference<T>): T {
  return useSyncExternalStore(preference.subscribe, preference.get);
}
