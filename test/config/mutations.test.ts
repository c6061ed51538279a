import { describe, expect, it } from 'vitest';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import { configEnvironment } from '../support/config-environment.ts';
import { mutateFile } from '../support/mutate-file.ts';

const BATCHES = 20;
const BATCH = 100;
const LONGEST_MS = 200;
const env = configEnvironment();

/** Milliseconds; once more when it was long, since other work on the machine only ever adds. */
function measure(text: string): number {
  const once = () => {
    const started = performance.now();
    parseCluster(text, 'cluster.yml', env);
    return performance.now() - started;
  };
  const first = once();
  return first < LONGEST_MS ? first : Math.min(once(), once(), once());
}

function checkFindings(seed: number): void {
  const text = mutateFile(seed);
  const told = `number ${seed}:\n${text}`;
  const { cluster, findings } = parseCluster(text, 'cluster.yml', env);
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
  expect(measure(text), told).toBeLessThan(LONGEST_MS);
}

describe('broken files', () => {
  it.each(Array.from({ length: BATCHES }, (_, index) => index * BATCH + 1))(
    `${BATCH} from number %i on are accepted or explained`,
    (first) => {
      for (let seed = first; seed < first + BATCH; seed++) checkFindings(seed);
    },
  );
});
