import { readFileSync } from 'node:fs';
import semver from 'semver';
import { describe, expect, it } from 'vitest';

interface LockedPackage {
  version?: string;
  engines?: { node?: string };
  resolved?: string;
  optionalDependencies?: Record<string, string>;
}

const lockfile = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  packages: Record<string, LockedPackage>;
};
const packages = Object.entries(lockfile.packages);

describe('the lockfile', () => {
  // Debian 12's own node, and the newest 20.
  it.each(['18.20.0', '20.20.0'])('has only packages that run on node %s', (node) => {
    const refused = packages
      .filter(([, { engines }]) => engines?.node && !semver.satisfies(node, engines.node))
      .map(([path, { version, engines }]) => `${path} ${version}: ${engines?.node}`);
    expect(refused).toEqual([]);
    expect(packages.length).toBeGreaterThan(50);
  });

  // npm from 10 on refuses an installation else, where 9 does not: `overrides` keeps rollup at a
  // version of which all were published.
  it('has the builds for every platform', () => {
    const missing = packages
      .flatMap(([, { optionalDependencies = {} }]) => Object.keys(optionalDependencies))
      .filter((name) => !packages.some(([path]) => path.endsWith(`node_modules/${name}`)));
    expect(missing).toEqual([]);
  });

  it('names no registry address', () => {
    expect(packages.filter(([, p]) => p.resolved?.includes('://')).map(([path]) => path)).toEqual([]);
  });

  it('holds Playwright back to what still runs on node 18', () => {
    for (const name of ['playwright-core', '@playwright/test']) {
      const version = lockfile.packages[`node_modules/${name}`]?.version ?? 'missing';
      expect(semver.lte(version, '1.61.99'), `${name} ${version}`).toBe(true);
    }
  });
});
