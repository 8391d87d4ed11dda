// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from 'vitest';
import { basePath, withBase, withoutBase } from './basePath';

const served = (content: string | null) => {
  document.head.innerHTML = content === null ? '' : `<meta name="surveillx-base" content="${content}">`;
};

describe('the path under which the dashboard is served', () => {
  beforeEach(() => served(null));

  it('is the root unless the page says otherwise', () => {
    expect(basePath()).toBe('/');
    expect(withBase('/api/cameras')).toBe('/api/cameras');
    expect(withoutBase('/attendance')).toBe('/attendance');
    expect(basePath(undefined)).toBe('/');
  });

  it.each(['/sx/', '/sx'])('%s goes before every address of ours and comes off the address bar', (base) => {
    served(base);
    expect(withBase('/')).toBe('/sx/');
    expect(withBase('/attendance?date=2026-11-26')).toBe('/sx/attendance?date=2026-11-26');
    expect(withBase('#main')).toBe('#main');
    expect(withoutBase('/sx/')).toBe('/');
    expect(withoutBase('/sx')).toBe('/');
    expect(withoutBase('/sx/attendance')).toBe('/attendance');
    expect(withoutBase('/sxy')).toBe('/sxy');
    expect(withoutBase('/')).toBe('/');
  });
});
