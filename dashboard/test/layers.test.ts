import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Which folder of src/ may import from which; test files may import anything. */
const kMayUse: Record<string, string[]> = {
  base: [],
  api: ['base'],
  stream: ['base'],
  ui: ['base'],
  session: ['api', 'ui'],
  live: ['api', 'stream'],
  services: ['api', 'stream', 'live'],
  // The table; it fetches the pages and imports none, and neither does the shell.
  pages: ['api', 'ui'],
  // A page, whichever: no page uses another.
  'pages/*': ['api', 'stream', 'ui', 'live', 'services', 'pages'],
  app: ['api', 'stream', 'ui', 'session', 'services', 'pages'],
};

const root = resolve('src');

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.(tsx?|css)$/.test(entry.name) && !/\.test\.tsx?$/.test(entry.name)) yield path;
  }
}

/** `ui`, `pages`, or `pages/live` for what lies in a page's folder. */
const layerOf = (path: string): string => {
  const [first = '', second = '', third] = path.slice(root.length + 1).split('/');
  return first === 'pages' && third !== undefined ? `pages/${second}` : first;
};

const allowedIn = (layer: string): string[] | undefined =>
  kMayUse[layer.startsWith('pages/') ? 'pages/*' : layer];

describe('the layers of src', () => {
  it('only import what the table allows', () => {
    const wrong: string[] = [];
    let imports = 0;
    for (const file of sources(root)) {
      const from = layerOf(file);
      const allowed = allowedIn(from);
      if (allowed === undefined) continue; // main.tsx
      for (const [, target] of readFileSync(file, 'utf8').matchAll(/(?:from|import) '(\.[^']*)'/g)) {
        imports += 1;
        const to = layerOf(normalize(join(dirname(file), target as string)));
        if (to !== from && !allowed.includes(to)) wrong.push(`${file.slice(root.length + 1)} -> ${to}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(imports).toBeGreaterThan(30);
  });

  it('fetch code only where the table of pages says so: a row a folder', () => {
    const fetching: string[] = [];
    const rows: string[] = [];
    for (const file of sources(root)) {
      for (const [, target] of readFileSync(file, 'utf8').matchAll(/import\(\s*'([^']*)'/g)) {
        fetching.push(file.slice(root.length + 1));
        rows.push(layerOf(normalize(join(dirname(file), target as string))));
      }
    }
    expect([...new Set(fetching)]).toEqual(['pages/table.ts']);
    const folders = readdirSync(join(root, 'pages'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(rows.sort()).toEqual(folders.map(({ name }) => `pages/${name}`).sort());
  });

  it('load nothing from elsewhere', () => {
    const page = readFileSync(join(root, '../index.html'), 'utf8');
    expect(page).not.toMatch(/https?:|\/\/[a-z]/);
    for (const file of sources(root)) {
      if (file.endsWith('.css')) expect(readFileSync(file, 'utf8'), file).not.toMatch(/url\(|@import/);
    }
  });
});
