import type { AnchorHTMLAttributes, MouseEvent } from 'react';
import { withBase } from '../base/basePath';
import { navigate } from './router';

/** A link within the dashboard; opens in a new tab when asked to, like any other. */
export function Link({ href, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(href);
  };
  return <a {...rest} href={withBase(href)} onClick={follow} />;
}
