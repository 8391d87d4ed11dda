import type { ReactNode } from 'react';
import { Icon, type IconName } from './Icon';

export type Tone = 'info' | 'warning' | 'danger';

const kIcons: Record<Tone, IconName> = { info: 'info', warning: 'warning', danger: 'unlinked' };

/** One line across the page that stays while what it says is true. */
export function Notice({
  tone,
  children,
  action,
  testId,
}: {
  tone: Tone;
  children: ReactNode;
  action?: ReactNode;
  testId?: string;
}) {
  return (
    <div
      className={`notice notice-${tone}`}
      role={tone === 'danger' ? 'alert' : 'status'}
      data-testid={testId}
    >
      <Icon name={kIcons[tone]} />
      <div className="notice-text">{children}</div>
      {action}
    </div>
  );
}

/** In place of content: there is none yet, or it could not be had. */
export function EmptyState({
  icon,
  title,
  children,
  testId,
}: {
  icon: IconName;
  title: string;
  children?: ReactNode;
  testId?: string;
}) {
  return (
    <div className="empty" data-testid={testId}>
      <span className="empty-icon">
        <Icon name={icon} size={32} />
      </span>
      <h2>{title}</h2>
      {children}
    </div>
  );
}
