import { cleanup, configure } from '@testing-library/react';
import { afterEach, vi } from 'vitest';

if (typeof window !== 'undefined') {
  // jsdom has neither; the pages need them to be there, and tests do not look at pixels.
  HTMLCanvasElement.prototype.getContext = () => null;
  vi.stubGlobal('CSS', { escape: (text: string) => text });

  // Waits end when what they wait for is there; on a busy machine that takes longer.
  configure({ asyncUtilTimeout: 15_000 });

  afterEach(() => {
    cleanup();
    history.replaceState(null, '', '/');
    localStorage.clear();
  });
}
