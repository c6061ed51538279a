import { describe, expect, it } from 'vitest';
import { keyTable } from '../../src/config/keys/key-table.ts';
import { parseCluster } from '../../src/config/parse-cluster.ts';
import { generousEnvironment } from '../support/arbitrary-cluster.ts';

/** What is said of a key that stands alone: that others are missing beside it, or contradict it. */
const NEEDS_COMPANY: readonly string[] = [
  'missing-key',
  'node-name-pattern',
  'node-family',
  'install-conflict',
  'version-missing',
  'network-node-selector',
  'vsphere-incomplete',
  'harvester-incomplete',
  'cloud-provider-unnamed',
  'chart-sources',
  's3-incomplete',
  's3-credentials',
  'datastore-twice',
  'datastore-certificate-half',
  'cidr-families',
  'webhook-unused',
  'registry-credentials',
];

/** What is said of files and variables, which an example only names. */
const NEEDS_CONTENT: readonly string[] = [
  'secret-missing',
  'secret-unfit',
  'pem-invalid',
  'chart-file-kind',
  'ca-directory',
];

const NODE = { address: '10.0.0.11', role: ['controlplane', 'etcd', 'worker'] };

/** An example where its key stands: in the first item of each list, and under some name where the file chooses names. */
function placed(path: string, example: unknown): object {
  return path.split('.').reduceRight<object>((inner, step) => {
    const key = step === '*' ? 'example.com' : step.replaceAll('[]', '');
    return { [key]: step.endsWith('[]') ? [inner] : inner };
  }, example as object);
}

describe('the example of a key', () => {
  const rows = keyTable().filter(({ entry }) => entry.fate === 'mapped' || entry.fate === 'group');
  const errors = rows.flatMap(({ path, examples }) =>
    examples.flatMap((example) => {
      const file = JSON.stringify({ nodes: [NODE], ...placed(path, example) });
      const { findings } = parseCluster(file, 'cluster.yml', generousEnvironment);
      return findings
        .filter(({ severity }) => severity === 'error')
        .map(({ code, message }) => ({
          code,
          words: `${path}: ${JSON.stringify(example)}: ${code}: ${message}`,
        }));
    }),
  );
  const passing = [...NEEDS_COMPANY, ...NEEDS_CONTENT];

  it('is taken by `validate`', () => {
    const refused = errors.filter(({ code }) => !passing.includes(code));
    expect(refused.map(({ words }) => words)).toEqual([]);
  });

  it('is excused by nothing that no example needs', () => {
    const met = new Set(errors.map(({ code }) => code));
    expect(passing.filter((code) => !met.has(code))).toEqual([]);
  });
});
