import { AnnouncerProvider } from '../ui/Announcer';
import { EmptyState } from '../ui/Notice';
import { SessionProvider, useSession } from '../session/session';
import { SignInPage } from '../session/SignInPage';
import { ServicesProvider, type OpenStream } from '../services/services';
import type { Page } from '../pages/page';
import { kPages } from '../pages/table';
import { Shell } from './Shell';
import type { ApiClient } from '../api/client';

/** `api`, `open` and `pages` are for tests. */
export function App({ api, open, pages = kPages }: { api?: ApiClient; open?: OpenStream; pages?: readonly Page[] }) {
  return (
    <AnnouncerProvider>
      <SessionProvider {...(api ? { api } : {})}>
        <Gate pages={pages} {...(open ? { open } : {})} />
      </SessionProvider>
    </AnnouncerProvider>
  );
}

/** Nothing of the product is shown before the server has said who is there. */
function Gate({ open, pages }: { open?: OpenStream; pages: readonly Page[] }) {
  const { state, api, check } = useSession();
  switch (state.kind) {
    case 'checking':
      return <main className="signin" aria-busy="true" />;
    case 'unreachable':
      return (
        <main className="signin">
          <EmptyState icon="unlinked" title="The server cannot be reached" testId="unreachable">
            <p>This page tries again by itself every few seconds.</p>
            <button type="button" className="button" onClick={() => void check()}>
              Try now
            </button>
          </EmptyState>
        </main>
      );
    case 'signed-out':
      return <SignInPage ended={state.ended} />;
    case 'signed-in':
      return (
        <ServicesProvider key={state.user.id} api={api} mayRetry={check} {...(open ? { open } : {})}>
          <Shell user={state.user} pages={pages} />
        </ServicesProvider>
      );
  }
}
