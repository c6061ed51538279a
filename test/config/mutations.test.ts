import { describe, expect, it } from 'vitest';
import { type ParsedCluster, parseCluster } from '../../src/config/parse-cluster.ts';
import { configEnvironment } from '../support/config-environment.ts';
import { mutateFile } from '../support/mutate-file.ts';

const BATCHES = 20;
const BATCH = 100;
const LONGEST_MS = 200;
const env = configEnvironment();

/** What is said of a text, and in how many milliseconds: tried again when it was long, as other work only ever adds. */
function read(text: string, tries = 4): { readonly parsed: ParsedCluster; readonly took: number } {
  const started = performance.now();
  const parsed = parseCluster(text, 'cluster.yml', env);
  const took = performance.now() - started;
  return took < LONGEST_MS || tries === 1 ? { parsed, took } : read(text, tries - 1);
}

function checkFindings(seed: number): void {
  const text = mutateFile(seed);
  const told = `number ${seed}:\n${text}`;
  const { parsed, took } = read(text);
  const { cluster, findings } = parsed;
  const lines = text.split('\n');
  const errors = findings.filter(({ severity }) => severity === 'error');
  expect(cluster === null, told).toBe(errors.length > 0);
  for (const { hint, message, position } of findings) {
    const line = lines[(position?.line ?? 0) - 1];
    expect(line, told).toBeDefined();
    expect(position?.column, told).toBeGreaterThanOrEqual(1);
    expect(position?.column, told).toBeLessThanOrEqual((line?.length ?? 0) + 1);
    expect(message, told).not.toMatch(/undefined|\[object|TypeError|RangeError| {4}at /);
    expect(hint, told).not.toMatch(/undefined|\[object/);
    expect(message.length + hint.length, told).toBeGreaterThan(10);
  }
  expect(took, told).toBeLessThan(LONGEST_MS);
}

describe('broken files', () => {
  it.each(Array.from({ length: BATCHES }, (_, index) => index * BATCH + 1))(
    `${BATCH} from number %i on are accepted or explained`,
    (first) => {
      for (let seed = first; seed < first + BATCH; seed++) checkFindings(seed);
    },
  );
});
