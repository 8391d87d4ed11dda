import { useState, type FormEvent } from 'react';
import { ApiError } from '../api/http';
import { Dialog } from '../ui/Dialog';
import { useSession } from './session';

function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return 'Something went wrong. Try again.';
  if (error.code === 'bad_credentials') return 'The current password is wrong.';
  return error.message;
}

export function PasswordDialog({ onClose }: { onClose: (changed: boolean) => void }) {
  const { api, check } = useSession();
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const [current, next, again] = ['current', 'next', 'again'].map((name) => String(form.get(name)));
    if (next !== again) {
      setError('The two new passwords differ.');
      return;
    }
    setBusy(true);
    setError(null);
    try {
      await api.changePassword(current as string, next as string);
      onClose(true);
    } catch (failure) {
      setBusy(false);
      setError(explain(failure));
      // 401 may mean a wrong password or an ended session; only the second leads to signing in.
      if (failure instanceof ApiError && failure.status === 401) void check();
    }
  };

  return (
    <Dialog title="Change password" onClose={() => onClose(false)}>
      <form onSubmit={(event) => void submit(event)}>
        {error !== null && (
          <div className="form-error" role="alert">
            {error}
          </div>
        )}
        <label className="field">
          <span>Current password</span>
          <input name="current" type="password" autoComplete="current-password" required />
        </label>
        <label className="field">
          <span>New password</span>
          <input name="next" type="password" autoComplete="new-password" required />
        </label>
        <label className="field">
          <span>New password, again</span>
          <input name="again" type="password" autoComplete="new-password" required />
        </label>
        <div className="dialog-actions">
          <button type="button" className="button" onClick={() => onClose(false)}>
            Cancel
          </button>
          <button type="submit" className="button button-primary" disabled={busy}>
            Change password
          </button>
        </div>
      </form>
    </Dialog>
  );
}
