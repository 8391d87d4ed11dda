import { cleanup } from '@testing-library/react';
import { afterEach, vi } from 'vitest';

if (typeof window !== 'undefined') {
  // jsdom has neither; the pages need them to be there, and tests do not look at pixels.
  HTMLCanvasElement.prototype.getContext = () => null;
  vi.stubGlobal('CSS', { escape: (text: string) => text });

  afterEach(() => {
    cleanup();
    history.replaceState(null, '', '/');
    localStorage.clear();
  });
}
