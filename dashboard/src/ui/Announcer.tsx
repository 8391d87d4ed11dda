import { createContext, useCallback, useContext, useRef, useState, type ReactNode } from 'react';

const Context = createContext<(text: string) => void>(() => undefined);

/** One polite live region for the whole page, for what a sighted user sees change by itself. */
export function AnnouncerProvider({ children }: { children: ReactNode }) {
  const [text, setText] = useState('');
  const flip = useRef(false);
  const say = useCallback((message: string) => {
    // The same words twice are a change only with something invisible added.
    flip.current = !flip.current;
    setText(flip.current ? message : `${message}\u00a0`);
  }, []);
  return (
    <Context.Provider value={say}>
      {children}
      <div className="sr-only" role="status" aria-live="polite" data-testid="announcer">
        {text}
      </div>
    </Context.Provider>
  );
}

export const useAnnounce = (): ((text: string) => void) => useContext(Context);
