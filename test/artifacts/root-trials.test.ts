import { describe, expect, test } from 'vitest';
import { Sources } from '../../src/artifacts/sources.ts';

const FILE = 'f'.repeat(64);
const MB = 1_000_000;
const SIZE = 500 * MB;
const STEP_MS = 100;

/** A line of so many bytes a second that all share. */
interface Net {
  readonly operator: number;
  /** Of each node, where it is not far more than anybody needs. */
  readonly nodes: Readonly<Record<string, number>>;
}

interface Course {
  /** By node: when it had all, in seconds. */
  readonly done: Readonly<Record<string, number>>;
  /** Copies that left the operator. */
  readonly copies: number;
  /** How often a node turned to the operator. */
  readonly feeds: number;
}

/** Lets nodes take one file over such lines; who is told to leave its source does so a second later. */
function simulate(keys: readonly string[], net: Net, limitSeconds: number, fanOut = 2): Course {
  const sources = new Sources({ fanOut, operatorSlots: 4 });
  const bytes = new Map<string, number>(keys.map((key) => [key, 0]));
  const from = new Map<string, string | null>();
  const leaves = new Map<string, number>();
  const done: Record<string, number> = {};
  let [left, feeds] = [0, 0];
  for (const key of keys) {
    sources.join(FILE, key, 0, 0, SIZE);
    from.set(key, null);
  }
  const choose = (key: string, now: number) => {
    const choice = sources.choose(FILE, key, now);
    if (choice.from === 'operator') feeds += 1;
    from.set(key, choice.from === 'node' ? choice.key : choice.from === 'operator' ? 'operator' : null);
  };
  for (let now = 0; now <= limitSeconds * 1_000 && Object.keys(done).length < keys.length; now += STEP_MS) {
    for (const key of keys) {
      const at = leaves.get(key);
      if (done[key] !== undefined || at === undefined || at > now) continue;
      leaves.delete(key);
      sources.lose(FILE, key, { bytes: bytes.get(key) ?? 0, met: true }, now);
      choose(key, now);
    }
    for (const key of keys) if (done[key] === undefined && from.get(key) === null) choose(key, now);
    const before = new Map(bytes);
    for (const [key, gain] of gains(keys, from, before, net)) {
      bytes.set(key, Math.min(SIZE, (bytes.get(key) ?? 0) + gain));
      if (from.get(key) === 'operator') left += gain;
    }
    for (const key of keys) {
      if (bytes.get(key) !== SIZE || done[key] !== undefined) continue;
      sources.hold(FILE, key);
      done[key] = now / 1_000;
    }
    if (now % 1_000 !== 0) continue;
    for (const key of keys) if (done[key] === undefined) sources.report(FILE, key, bytes.get(key) ?? 0, now);
    for (const key of sources.restless(FILE, now)) if (!leaves.has(key)) leaves.set(key, now + 1_000);
  }
  return { done, copies: left / SIZE, feeds };
}

/** What each gets in a step: the operator's line is shared evenly, and what one cannot use the others have. */
function gains(
  keys: readonly string[],
  from: ReadonlyMap<string, string | null>,
  bytes: ReadonlyMap<string, number>,
  { operator, nodes }: Net,
): ReadonlyMap<string, number> {
  const link = (key: string) => ((nodes[key] ?? 1_000 * MB) * STEP_MS) / 1_000;
  const gained = new Map<string, number>();
  const fed = keys.filter((key) => from.get(key) === 'operator' && bytes.get(key) !== SIZE);
  let line = (operator * STEP_MS) / 1_000;
  for (const [index, key] of fed.sort((a, b) => link(a) - link(b)).entries()) {
    const share = Math.min(link(key), line / (fed.length - index), SIZE - (bytes.get(key) ?? 0));
    gained.set(key, share);
    line -= share;
  }
  for (const key of keys) {
    const source = from.get(key);
    if (source === null || source === undefined || source === 'operator') continue;
    const lack = (bytes.get(source) ?? 0) - (bytes.get(key) ?? 0);
    gained.set(key, Math.max(0, Math.min(lack, link(key), link(source) / 2)));
  }
  return gained;
}

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'];
const last = (course: Course, keys: readonly string[]) =>
  Math.max(...keys.map((key) => course.done[key] ?? Number.POSITIVE_INFINITY));

describe('a node that we feed and that has a bad link', () => {
  test('gives its place to another, so that it holds up nobody', () => {
    const course = simulate(KEYS, { operator: 25 * MB, nodes: { a: MB } }, 600);
    expect(last(course, ['b', 'c', 'd', 'e', 'f'])).toBeLessThan(45);
    expect(course.copies).toBeLessThan(1.1);
    expect(course.feeds).toBe(2);
    expect(course.done['a']).toBeDefined();
  });

  test('gives its place to another where each gives to one only', () => {
    const course = simulate(KEYS, { operator: 25 * MB, nodes: { a: MB } }, 600, 1);
    expect(last(course, ['b', 'c', 'd', 'e', 'f'])).toBeLessThan(45);
    expect(course.copies).toBeLessThan(1.1);
  });

  test('gives its place to another when nothing comes to it at all', () => {
    const course = simulate(KEYS, { operator: 25 * MB, nodes: { a: 0 } }, 60);
    expect(last(course, ['b', 'c', 'd', 'e', 'f'])).toBeLessThan(45);
    expect(course.copies).toBeLessThan(1.1);
  });

  test('is found out also when the first that is tried is no better', () => {
    const course = simulate(KEYS, { operator: 25 * MB, nodes: { a: MB, b: MB } }, 600);
    expect(last(course, ['c', 'd', 'e', 'f'])).toBeLessThan(80);
    expect(course.copies).toBeLessThan(1.15);
  });

  test('keeps its place where it takes more than half of what our line has', () => {
    const course = simulate(KEYS, { operator: 3 * MB, nodes: { a: 2 * MB } }, 700);
    expect(course.done['a']).toBeLessThan(265);
    expect(last(course, KEYS)).toBeLessThan(700);
    expect(course.copies).toBeLessThan(1.1);
  });
});

describe('our line', () => {
  test('is used once where all is well', () => {
    const course = simulate(KEYS, { operator: 25 * MB, nodes: {} }, 60);
    expect(last(course, KEYS)).toBeLessThan(21);
    expect([course.copies, course.feeds]).toEqual([1, 1]);
  });

  test.each([5, 2, 0.5])('of %s MB/s, the limit itself, costs a few seconds of it at most', (rate) => {
    const alone = SIZE / (rate * MB);
    const course = simulate(KEYS, { operator: rate * MB, nodes: {} }, 2 * alone);
    expect(last(course, KEYS)).toBeLessThan(1.05 * alone);
    expect(course.copies).toBeLessThan(1.05);
    expect(course.feeds).toBeLessThanOrEqual(2);
  });
});
