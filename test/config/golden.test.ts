import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import type { Diagnostic } from '../../src/domain/diagnostic.ts';
import { configEnvironment } from '../support/config-environment.ts';

const folder = fileURLToPath(new URL('golden/', import.meta.url));
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.yml'))
  .map((name) => name.slice(0, -'.yml'.length));
const env = configEnvironment();

function describeFinding({ code, hint, message, path, position, severity }: Diagnostic): string {
  const place = `${position?.file}:${position?.line}:${position?.column}`;
  return `${place}: ${severity} ${code}${path === undefined ? '' : ` at ${path}`}\n  ${message}\n  ${hint}\n`;
}

describe('files with mistakes', () => {
  it('are many', () => {
    expect(names.length).toBeGreaterThan(40);
  });

  it.each(names)('%s', async (name) => {
    const text = readFileSync(`${folder}${name}.yml`, 'utf8');
    const { cluster, findings } = parseCluster(text, `${name}.yml`, env);
    expect(findings.length).toBeGreaterThan(0);
    expect(cluster === null).toBe(findings.some(({ severity }) => severity === 'error'));
    await expect(findings.map(describeFinding).join('\n')).toMatchFileSnapshot(`golden/${name}.txt`);
  });
});
