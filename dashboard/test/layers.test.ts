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
  live: ['api', 'stream', 'ui'],
  attendance: ['api', 'stream', 'ui'],
  app: ['api', 'stream', 'ui', 'session', 'live', 'attendance'],
};

const root = resolve('src');

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.tsx?$/.test(entry.name) && !/\.test\.tsx?$/.test(entry.name)) yield path;
  }
}

const layerOf = (path: string): string => path.slice(root.length + 1).split('/')[0] ?? '';

describe('the layers of src', () => {
  it('only import what the table allows', () => {
    const wrong: string[] = [];
    let imports = 0;
    for (const file of sources(root)) {
      const from = layerOf(file);
      const allowed = kMayUse[from];
      if (allowed === undefined) continue; // main.tsx
      for (const [, target] of readFileSync(file, 'utf8').matchAll(/from '(\.[^']*)'/g)) {
        imports += 1;
        const to = layerOf(normalize(join(dirname(file), target as string)));
        if (to !== from && !allowed.includes(to)) wrong.push(`${file.slice(root.length + 1)} -> ${to}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(imports).toBeGreaterThan(30);
  });

  it('load nothing from elsewhere', () => {
    const page = readFileSync(join(root, '../index.html'), 'utf8');
    expect(page).not.toMatch(/https?:|\/\/[a-z]/);
    for (const file of readdirSync(join(root, 'styles'))) {
      expect(readFileSync(join(root, 'styles', file), 'utf8')).not.toMatch(/url\(|@import/);
    }
  });
});
