import type { Page } from './page';

/**
 * Every page, in the order of the navigation. A new one is a folder beside this file and a row here;
 * its code is a file of its own, which `load` fetches.
 */
export const kPages: readonly Page[] = [
  {
    path: '/',
    aliases: ['/live'],
    label: 'Live',
    icon: 'camera',
    shortcut: '1',
    role: 'viewer',
    keys: [
      [['Enter'], 'Enlarge the chosen camera'],
      [['Esc'], 'Back to all cameras'],
      [['←', '→'], 'Previous or next camera, when one is enlarged'],
    ],
    load: () => import('./live/LivePage'),
  },
  {
    path: '/attendance',
    label: 'Attendance',
    icon: 'people',
    shortcut: '2',
    role: 'viewer',
    keys: [
      [['[', ']'], 'Previous or next day'],
      [['/'], 'Search the attendance'],
    ],
    load: () => import('./attendance/AttendancePage'),
  },
];
