import type { ComponentType } from 'react';
import type { Role } from '../api/types';
import type { IconName } from '../ui/Icon';

/** What every page is given; the rest it takes from the services (`useServices`). */
export interface PageProps {
  /** Its own address, as its row names it. */
  path: string;
  /** What follows the `?` in the address bar. */
  query: URLSearchParams;
}

/** A page as header, router, shortcuts and help know it. */
export interface Page {
  /** Begins with a slash, without the base path. */
  path: string;
  /** Other addresses under which it is found. */
  aliases?: readonly string[];
  label: string;
  icon: IconName;
  /** The single key that leads there from anywhere. */
  shortcut?: string;
  /** The least that opens it. The server decides by itself what it answers to whom. */
  role: Role;
  /** Its own keys, for the help dialog. */
  keys?: readonly KeyHelp[];
  /** Fetches its code; asked again after a failure. */
  load: () => Promise<{ default: ComponentType<PageProps> }>;
}

export type KeyHelp = readonly [keys: readonly string[], does: string];

const kRank: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 };

export const mayOpen = (role: Role, page: Page): boolean => kRank[role] >= kRank[page.role];

export const findPage = (pages: readonly Page[], path: string): Page | undefined =>
  pages.find((page) => page.path === path || page.aliases?.includes(path));
