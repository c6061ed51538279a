import { expect, test } from 'vitest';
import { type Delivery, giversOf, startDelivery } from '../../src/artifacts/delivery.ts';

const MB = 1_000_000;

/** A file of 100 MB: 10 MB of an earlier run, 40 MB of one node, 10 MB from here, the rest of another node. */
function makeDelivery(): Delivery {
  const upload = { source: '/f', destination: '/f', sha256: 'f', sizeBytes: 100 * MB, mode: '0644' };
  const delivery = startDelivery({ key: 'taker', address: '127.0.0.1' }, upload);
  delivery.parts.push(
    { start: 10 * MB, giver: 'a' },
    { start: 30 * MB, giver: 'a' },
    { start: 50 * MB, giver: null },
    { start: 60 * MB, giver: 'b' },
  );
  return delivery;
}

const chunk = (start: number, end: number) => ({ start: start * MB, end: end * MB });

test.each([
  ['of one node', [chunk(12, 16), chunk(28, 32)], ['a']],
  ['of two nodes', [chunk(12, 16), chunk(96, 100)], ['a', 'b']],
  ['of an earlier run, and from here', [chunk(0, 4), chunk(52, 56)], []],
  ['partly from here', [chunk(48, 52), chunk(58, 62)], []],
  ['partly from here, and one of a node', [chunk(48, 52), chunk(64, 68)], ['b']],
  ['that are not known', null, []],
])('wrong chunks %s', (_name, chunks, givers) => {
  expect(giversOf(makeDelivery(), chunks)).toEqual(givers);
});

test('wrong chunks that are not known, of a file that one node gave', () => {
  const { peer, upload } = makeDelivery();
  const delivery = startDelivery(peer, upload);
  delivery.parts.push({ start: 0, giver: 'a' });
  expect(giversOf(delivery, null)).toEqual(['a']);
});
