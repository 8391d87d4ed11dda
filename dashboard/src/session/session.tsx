import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { ApiClient } from '../api/client';
import { ApiError } from '../api/http';
import type { User } from '../api/types';

export type SessionState =
  | { kind: 'checking' }
  /** The server cannot be reached, so who is signed in is not known. */
  | { kind: 'unreachable' }
  | { kind: 'signed-out'; ended: boolean }
  | { kind: 'signed-in'; user: User };

interface SessionValue {
  state: SessionState;
  api: ApiClient;
  signIn: (username: string, password: string) => Promise<void>;
  signOut: () => Promise<void>;
  /** Asks the server whether the session still holds; false also signs out here. */
  check: () => Promise<boolean>;
}

const Context = createContext<SessionValue | null>(null);
const kRetryMs = 3_000;

export function SessionProvider({ api, children }: { api?: ApiClient; children: ReactNode }) {
  const [client] = useState(() => api ?? new ApiClient());
  const [state, setState] = useState<SessionState>({ kind: 'checking' });

  const end = useCallback(() => {
    client.http.csrfToken = null;
    setState((old) =>
      old.kind === 'signed-out' ? old : { kind: 'signed-out', ended: old.kind === 'signed-in' },
    );
  }, [client]);

  const check = useCallback(async () => {
    try {
      const { user } = await client.me();
      setState((old) =>
        old.kind === 'signed-in' && old.user.id === user.id ? old : { kind: 'signed-in', user },
      );
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        end();
        return false;
      }
      // Not reachable or not well: no reason to send anybody to the sign-in page.
      setState((old) => (old.kind === 'checking' ? { kind: 'unreachable' } : old));
      return true;
    }
  }, [client, end]);

  useEffect(() => {
    client.http.onUnauthorized = end;
    return () => {
      client.http.onUnauthorized = null;
    };
  }, [client, end]);

  useEffect(() => {
    void check();
  }, [check]);

  useEffect(() => {
    if (state.kind !== 'unreachable') return;
    const timer = setInterval(() => void check(), kRetryMs);
    return () => clearInterval(timer);
  }, [state.kind, check]);

  const signIn = useCallback(
    async (username: string, password: string) => {
      const { user } = await client.login(username, password);
      setState({ kind: 'signed-in', user });
    },
    [client],
  );

  const signOut = useCallback(async () => {
    try {
      await client.logout();
    } catch (error) {
      // A session that was already gone is what was wanted.
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
    }
    setState({ kind: 'signed-out', ended: false });
  }, [client]);

  const value = useMemo(
    () => ({ state, api: client, signIn, signOut, check }),
    [state, client, signIn, signOut, check],
  );
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

export function useSession(): SessionValue {
  const value = useContext(Context);
  if (value === null) throw new Error('useSession needs a SessionProvider');
  return value;
}
