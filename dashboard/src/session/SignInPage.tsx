import { useEffect, useRef, useState, type FormEvent } from 'react';
import { ApiError } from '../api/http';
import { Notice } from '../ui/Notice';
import { Logo } from '../ui/Logo';
import { useSession } from './session';

function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return 'Something went wrong. Try again.';
  if (error.unreachable) return 'The server cannot be reached. Check the network and try again.';
  if (error.status === 401) return 'Username or password is wrong.';
  if (error.status === 429) {
    const wait = error.retryAfterS;
    return `Too many attempts. Try again ${wait === null ? 'later' : `in ${waitWords(wait)}`}.`;
  }
  return error.message;
}

const waitWords = (seconds: number): string =>
  seconds < 90 ? `${Math.max(1, Math.ceil(seconds))} seconds` : `${Math.ceil(seconds / 60)} minutes`;

export function SignInPage({ ended }: { ended: boolean }) {
  const { signIn } = useSession();
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const passwordRef = useRef<HTMLInputElement>(null);

  useEffect(() => {
    document.title = 'Sign in – SurveillX';
  }, []);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setError(null);
    try {
      await signIn(String(form.get('username')).trim(), String(form.get('password')));
    } catch (failure) {
      setBusy(false);
      setError(explain(failure));
      passwordRef.current?.select();
    }
  };

  return (
    <main className="signin">
      <div className="signin-card">
        <Logo large />
        <h1>Sign in</h1>
        {ended && error === null && (
          <Notice tone="info" testId="session-ended">
            Your session has ended. Sign in again.
          </Notice>
        )}
        {error !== null && (
          <div className="form-error" role="alert" data-testid="signin-error">
            {error}
          </div>
        )}
        <form onSubmit={(event) => void submit(event)} data-testid="signin-form">
          <label className="field">
            <span>Username</span>
            <input
              name="username"
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              required
              autoFocus
            />
          </label>
          <label className="field">
            <span>Password</span>
            <input
              ref={passwordRef}
              name="password"
              type="password"
              autoComplete="current-password"
              required
            />
          </label>
          <button type="submit" className="button button-primary" disabled={busy}>
            {busy ? 'Signing in…' : 'Sign in'}
          </button>
        </form>
        <p className="hint">
          Forgotten? On the server, <code>surveillx users passwd NAME</code> sets a new password.
        </p>
      </div>
    </main>
  );
}
