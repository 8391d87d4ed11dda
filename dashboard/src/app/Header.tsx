import { useEffect, useRef, useState } from 'react';
import type { User } from '../api/types';
import type { Page } from '../pages/page';
import { timeInZone, usableZone } from '../ui/siteTime';
import type { Link as LinkStatus, StreamConnection } from '../stream/connection';
import { Icon, type IconName } from '../ui/Icon';
import { Link } from '../ui/Link';
import { Logo } from '../ui/Logo';
import { theme, type Theme } from '../ui/preferences';
import { usePreference } from '../ui/store';
import { useTick } from '../ui/useTick';

interface HeaderProps {
  user: User;
  /** Those that the user may open. */
  pages: readonly Page[];
  /** The one that is open, if any. */
  page: Page | undefined;
  link: LinkStatus;
  stream: StreamConnection;
  timezone: string | null;
  onHelp: () => void;
  onPassword: () => void;
  onSignOut: () => void;
}

export function Header(props: HeaderProps) {
  return (
    <header className="header">
      <Link href="/" className="home" aria-label="SurveillX, live view">
        <Logo />
      </Link>
      <nav aria-label="Pages" className="nav">
        {props.pages.map(({ path, label, icon }) => (
          <Link key={path} href={path} aria-current={props.page?.path === path ? 'page' : undefined}>
            <Icon name={icon} size={18} />
            <span>{label}</span>
          </Link>
        ))}
      </nav>
      <div className="header-end">
        {/* A clock that ticks says that all is well. */}
        {props.timezone !== null && props.link.state === 'connected' && <SiteClock stream={props.stream} timezone={props.timezone} />}
        <LinkIndicator state={props.link.state} />
        <ThemeButton />
        <button
          type="button"
          className="icon-button wide-only"
          onClick={props.onHelp}
          aria-label="Help and shortcuts"
          title="Help and shortcuts (?)"
        >
          <Icon name="help" />
        </button>
        <UserMenu {...props} />
      </div>
    </header>
  );
}

function SiteClock({ stream, timezone }: { stream: StreamConnection; timezone: string }) {
  useTick(1_000);
  const now = stream.clock.serverTime(performance.now());
  if (now === null) return null;
  return (
    <time className="site-clock wide-only" title={`The site's time (${timezone})`}>
      {timeInZone(now, usableZone(timezone))}
    </time>
  );
}

const kLinkWords = { connecting: 'Connecting…', connected: 'Connected', silent: 'No answer', lost: 'Retrying…' } as const;

function LinkIndicator({ state }: { state: LinkStatus['state'] }) {
  return (
    <span className="link-state" data-state={state} data-testid="link-state" title="Connection to the server">
      <span className="dot" aria-hidden="true" />
      <span className="link-word">{kLinkWords[state]}</span>
    </span>
  );
}

const kThemeIcons: Record<Theme, IconName> = { auto: 'auto', dark: 'moon', light: 'sun' };
const kThemeWords: Record<Theme, string> = { auto: 'as the system', dark: 'dark', light: 'light' };

function ThemeButton() {
  const chosen = usePreference(theme);
  const label = `Theme: ${kThemeWords[chosen]}`;
  return (
    <button
      type="button"
      className="icon-button"
      onClick={() => theme.set(theme.next())}
      aria-label={label}
      title={`${label} (t)`}
      data-testid="theme-toggle"
    >
      <Icon name={kThemeIcons[chosen]} />
    </button>
  );
}

/** A disclosure rather than an ARIA menu: three plain buttons need no arrow keys. */
function UserMenu({ user, onHelp, onPassword, onSignOut }: HeaderProps) {
  const [open, setOpen] = useState(false);
  const ref = useRef<HTMLDivElement>(null);
  const buttonRef = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (!ref.current?.contains(event.target as Node)) setOpen(false);
    };
    const escape = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      event.preventDefault();
      setOpen(false);
      buttonRef.current?.focus();
    };
    document.addEventListener('pointerdown', outside);
    document.addEventListener('focusin', outside);
    // Before the page's own shortcuts, for which Escape means something else.
    window.addEventListener('keydown', escape, true);
    return () => {
      document.removeEventListener('pointerdown', outside);
      document.removeEventListener('focusin', outside);
      window.removeEventListener('keydown', escape, true);
    };
  }, [open]);

  const choose = (action: () => void) => () => {
    setOpen(false);
    buttonRef.current?.focus();
    action();
  };

  return (
    <div className="user-menu" ref={ref}>
      <button
        ref={buttonRef}
        type="button"
        className="icon-button user-button"
        aria-expanded={open}
        aria-controls="user-menu"
        onClick={() => setOpen(!open)}
        data-testid="user-menu"
      >
        <Icon name="user" />
        <span className="sr-only">Account of</span>
        <span className="user-name">{user.username}</span>
        <Icon name="down" size={14} />
      </button>
      <div id="user-menu" className="menu" hidden={!open}>
        <p className="menu-head">
          <strong>{user.username}</strong>
          <span>{user.role}</span>
        </p>
        <button type="button" onClick={choose(onPassword)}>
          Change password
        </button>
        <button type="button" onClick={choose(onHelp)}>
          Help and shortcuts
        </button>
        <button type="button" onClick={choose(onSignOut)}>
          Sign out
        </button>
      </div>
    </div>
  );
}
