import { useEffect, useState, type ComponentType } from 'react';
import { EmptyState } from '../ui/Notice';
import type { Page, PageProps } from '../pages/page';

/** Code that is this late is said to be missing; it is shown nevertheless when it comes. */
const kLateMs = 10_000;

/** Fetched already: such a page is shown at once, without a moment of nothing. */
const fetched = new WeakMap<Page, ComponentType<PageProps>>();

async function fetchCode(page: Page): Promise<ComponentType<PageProps>> {
  const known = fetched.get(page);
  if (known !== undefined) return known;
  const { default: code } = await page.load();
  fetched.set(page, code);
  return code;
}

/**
 * Fetches what is not on the screen yet, so that a page opens while the server is away, and after
 * the server has changed to a version that has other files.
 */
export function prefetch(pages: readonly Page[]): void {
  // What fails is fetched again, and told, when somebody opens it.
  for (const page of pages) fetchCode(page).catch(() => {});
}

type State = { kind: 'loading' } | { kind: 'failed' } | { kind: 'there'; Code: ComponentType<PageProps> };

/**
 * Shows a page, whose code is fetched when it is first opened. `onShown`: once it is there. Not
 * React.lazy, which keeps a failure for good: here one may try again. Give it a `key` per page.
 */
export function PageView({ page, query, onShown }: { page: Page; query: URLSearchParams; onShown: () => void }) {
  const [state, setState] = useState<State>(() => {
    const Code = fetched.get(page);
    return Code === undefined ? { kind: 'loading' } : { kind: 'there', Code };
  });
  const [attempt, setAttempt] = useState(0);

  const there = state.kind === 'there';
  useEffect(() => {
    if (there) return;
    let left = false;
    const fail = () => {
      if (!left) setState((old) => (old.kind === 'there' ? old : { kind: 'failed' }));
    };
    const timer = setTimeout(fail, kLateMs);
    fetchCode(page)
      .then((Code) => {
        if (!left) setState({ kind: 'there', Code });
      }, fail)
      .finally(() => clearTimeout(timer));
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [page, attempt, there]);

  useEffect(() => {
    if (there) onShown();
  }, [there, onShown]);

  switch (state.kind) {
    case 'there':
      return <state.Code path={page.path} query={query} />;
    case 'loading':
      return <div aria-busy="true" data-testid="page-loading" />;
    case 'failed':
      return (
        <EmptyState icon="warning" title="The page could not be loaded" testId="page-failed">
          <p>The server has not sent it.</p>
          <button
            type="button"
            className="button"
            onClick={() => {
              setState({ kind: 'loading' });
              setAttempt((count) => count + 1);
            }}
          >
            Try again
          </button>{' '}
          {/* A browser may remember that a file could not be had; only this makes it forget. */}
          <button type="button" className="button" onClick={() => location.reload()}>
            Reload the dashboard
          </button>
        </EmptyState>
      );
  }
}
