import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  parseAttendance,
  parseCamera,
  parseDetection,
  parseFrame,
  parseStatus,
  parseWatchAnswer,
} from './events';

interface Fixture {
  examples: unknown[];
  invalid?: unknown[];
  acknowledgements?: unknown[];
}

/** `{"$binary": base64}` stands for an attachment. */
const revive = (_key: string, value: unknown): unknown => {
  if (typeof value === 'object' && value !== null && '$binary' in value) {
    const bytes = Buffer.from(String(value.$binary), 'base64');
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  }
  return value;
};

const fixture = (name: string): Fixture =>
  JSON.parse(
    readFileSync(`../contracts/fixtures/socketio/${name}.json`, 'utf8'),
    revive,
  ) as Fixture;

describe.each([
  ['status', parseStatus],
  ['frame', parseFrame],
  ['detection', parseDetection],
  ['attendance', parseAttendance],
  ['camera', parseCamera],
] as const)('the contract’s %s', (name, parse: (value: unknown) => unknown) => {
  it('is understood whole', () => {
    const { examples } = fixture(name);
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) expect(parse(example)).toEqual(example);
  });

  it('is refused when it is malformed', () => {
    const { invalid = [] } = fixture(name);
    expect(invalid.length).toBeGreaterThan(0);
    for (const example of invalid) expect(parse(example)).toBeNull();
    for (const junk of [null, undefined, 7, 'x', [], {}]) expect(parse(junk)).toBeNull();
  });

  it('may have members that are not known yet', () => {
    const [example] = fixture(name).examples;
    expect(parse({ ...(example as object), later: 1 })).toEqual(example);
  });
});

it('acknowledgements of watch are understood', () => {
  for (const answer of fixture('watch').acknowledgements ?? []) {
    expect(parseWatchAnswer(answer)).toEqual(answer);
  }
  expect(parseWatchAnswer({ ok: true })).toBeNull();
});
