import { expect, it } from 'vitest';
import type { Face } from '../../stream/events';
import { faceLabel, formatAge, orderFaces, summarise } from './format';

it.each([
  [41.6, '42 ms'],
  [999, '999 ms'],
  [3_240, '3.2 s'],
  [12_900, '12 s'],
  [65_000, '1 min 05 s'],
  [7_800_000, '2 h 10 min'],
])('%d ms are told as %s', (ms, text) => expect(formatAge(ms)).toBe(text));

it('faces are named by what was decided, known people first', () => {
  const face = (status: Face['status'], name: string | null): Face => ({
    track_id: 1,
    box: [0, 0, 0.1, 0.1],
    status,
    person_id: null,
    name,
    confidence: 0,
  });
  const faces = [face('pending', null), face('unknown', null), face('known', 'Zoe'), face('known', 'Ada')];
  expect(orderFaces(faces).map(faceLabel)).toEqual(['Ada', 'Zoe', 'Unknown', 'Looking…']);
});

it('the wall is summed up', () => {
  expect(summarise(['live', 'offline', 'live', 'stale'])).toBe('2 live · 1 stale · 1 offline');
});
