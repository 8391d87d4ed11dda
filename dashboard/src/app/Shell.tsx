import { Fragment, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { User } from '../api/types';
import { findPage, mayOpen, type Page } from '../pages/page';
import { useLink, useServices } from '../services/services';
import { PasswordDialog } from '../session/PasswordDialog';
import { useSession } from '../session/session';
import { useAnnounce } from '../ui/Announcer';
import { EmptyState, Notice } from '../ui/Notice';
import { Link } from '../ui/Link';
import { theme } from '../ui/preferences';
import { navigate, useRoute } from '../ui/router';
import { useShortcuts } from '../ui/useShortcut';
import { Header } from './Header';
import { HelpDialog } from './HelpDialog';
import { PageView, prefetch } from './PageView';

type Open = 'none' | 'help' | 'password';

export function Shell({ user, pages }: { user: User; pages: readonly Page[] }) {
  const { stream, system } = useServices();
  const { signOut } = useSession();
  const link = useLink(stream);
  const announce = useAnnounce();
  const { path, query } = useRoute();
  const mine = useMemo(() => pages.filter((page) => mayOpen(user.role, page)), [pages, user.role]);
  const page = findPage(pages, path);
  const [open, setOpen] = useState<Open>('none');
  const [problem, setProblem] = useState<string | null>(null);
  const mainRef = useRef<HTMLElement>(null);
  const noticesRef = useRef<HTMLDivElement>(null);
  const firstPath = useRef(path);

  // After a change of page the focus goes where the new page begins, as a real page load would.
  useEffect(() => {
    if (firstPath.current === path) return;
    firstPath.current = '';
    mainRef.current?.focus();
  }, [path]);

  // The wall of cameras fits what is left below the notices.
  useEffect(() => {
    const notices = noticesRef.current;
    if (notices === null || typeof ResizeObserver === 'undefined') return;
    const observer = new ResizeObserver(() =>
      mainRef.current?.style.setProperty('--notices', `${notices.offsetHeight}px`),
    );
    observer.observe(notices);
    return () => observer.disconnect();
  }, []);

  const lostBefore = useRef(false);
  useEffect(() => {
    if (link.state === 'lost' || link.state === 'silent') lostBefore.current = true;
    else if (link.state === 'connected' && lostBefore.current) {
      lostBefore.current = false;
      announce('Connected to the server again.');
    }
  }, [link.state, announce]);

  useShortcuts({
    '?': () => setOpen('help'),
    ...Object.fromEntries(mine.map(({ shortcut, path: to }) => [shortcut, () => navigate(to)])),
    t: () => theme.set(theme.next()),
  });

  const fetchOthers = useCallback(() => prefetch(mine), [mine]);

  const leave = useCallback(async () => {
    try {
      await signOut();
    } catch {
      setProblem('Signing out failed: the server cannot be reached. You are still signed in.');
    }
  }, [signOut]);

  const mediaMissing = system !== null && !system.media_connected && system.publish.mode !== 'legacy';

  return (
    <>
      <a className="skip-link" href="#main">
        Skip to content
      </a>
      <Header
        user={user}
        pages={mine}
        page={page}
        link={link}
        stream={stream}
        timezone={system?.timezone ?? null}
        onHelp={() => setOpen('help')}
        onPassword={() => setOpen('password')}
        onSignOut={() => void leave()}
      />
      <div className="notices" ref={noticesRef}>
        {link.state === 'lost' && (
          <Notice tone="danger" testId="link-lost">
            <strong>Connection to the server lost</strong>, retrying. Nothing on this page is current
            until it is back.
          </Notice>
        )}
        {link.state === 'silent' && (
          <Notice tone="danger" testId="link-silent">
            <strong>The server has stopped answering.</strong> Nothing on this page is current until it
            answers again.
          </Notice>
        )}
        {mediaMissing && link.state === 'connected' && (
          <Notice tone="warning" testId="media-missing">
            <strong>The media process is not connected.</strong> There are no pictures and nobody is
            recognised until it is back.
          </Notice>
        )}
        {system?.engine?.trial === true && (
          <Notice tone="warning" testId="engine-trial">
            <strong>Recognition is for trying out only.</strong>{' '}
            {system.engine.notice ||
              `The engine “${system.engine.name}” needs no model weights and makes mistakes.`}
          </Notice>
        )}
        {problem !== null && <Notice tone="danger">{problem}</Notice>}
      </div>
      <main id="main" tabIndex={-1} ref={mainRef}>
        {page === undefined ? (
          <EmptyState icon="info" title="There is no such page">
            <WhereTo pages={mine} />
          </EmptyState>
        ) : !mine.includes(page) ? (
          <EmptyState icon="info" title="This page is not for your role" testId="page-forbidden">
            <p>
              {page.label} needs the role {page.role}; yours is {user.role}.
            </p>
            <WhereTo pages={mine} />
          </EmptyState>
        ) : (
          <PageView key={page.path} page={page} query={query} onShown={fetchOthers} />
        )}
      </main>
      {open === 'help' && <HelpDialog pages={mine} version={system?.version ?? null} onClose={() => setOpen('none')} />}
      {open === 'password' && (
        <PasswordDialog
          onClose={(changed) => {
            setOpen('none');
            if (changed) announce('The password is changed.');
          }}
        />
      )}
    </>
  );
}

function WhereTo({ pages }: { pages: readonly Page[] }) {
  return (
    <p>
      Go to{' '}
      {pages.map(({ path, label }, i) => (
        <Fragment key={path}>
          {i > 0 && (i === pages.length - 1 ? ' or ' : ', ')}
          <Link href={path}>{label}</Link>
        </Fragment>
      ))}
      .
    </p>
  );
}
