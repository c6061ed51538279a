import { describe, expect, it } from 'vitest';
import { keyTable } from '../../src/config/keys/key-table.ts';
import { MASK, maskFile, maskSecrets } from '../../src/config/mask-secrets.ts';

/** A value below a path of the table: `private_registries[].password`. */
function nest(path: string, value: unknown): unknown {
  return path.split('.').reduceRight((inner: unknown, step) => {
    const name = step.replaceAll('[]', '');
    const wrapped = step.endsWith('[]') ? [inner] : inner;
    return { [name === '*' ? 'any' : name]: wrapped };
  }, value);
}

const secrets = keyTable().filter(({ entry }) => entry.fate === 'mapped' && entry.secret === true);

describe('what is shown of a configuration', () => {
  it.each(secrets.map(({ path }) => path))('has no value of %s', (path) => {
    expect(JSON.stringify(maskSecrets(nest(path, 'sesame')))).not.toContain('sesame');
    expect(maskSecrets(nest(path, 'env:PLACE'))).toEqual(nest(path, 'env:PLACE'));
  });

  it('has no password of a URL, wherever it stands', () => {
    expect(maskSecrets({ cluster_name: 'x', rke2: { server: { a: ['http://me:sesame@h/'] } } })).toEqual({
      cluster_name: 'x',
      rke2: { server: { a: [`http://me:${MASK}@h/`] } },
    });
  });

  it('has no Secret of a manifest, and everything else of it', () => {
    const addons =
      'kind: ConfigMap\nmetadata: {name: a}\n---\nkind: Secret\nstringData: {a: sesame}\n---\nkind: Pod\n';
    const shown = JSON.stringify(maskSecrets({ addons }));
    expect(shown).not.toContain('sesame');
    expect(shown).toContain('ConfigMap');
    expect(shown).toContain('kind: Pod');
  });

  it('has no password among the values of charts', () => {
    const values = { adminPassword: 'sesame', auth: { token: 'sesame', user: 'me' }, apiKeys: ['sesame'] };
    expect(maskSecrets({ chart_values: { mine: values } })).toEqual({
      chart_values: { mine: { adminPassword: MASK, auth: { token: MASK, user: 'me' }, apiKeys: [MASK] } },
    });
  });

  it('has no secret of a flag or a variable, as their names tell', () => {
    const settings = ['TOKEN=sesame', 'DB_PASSWORD=se=same', 'max-pods=250', 'tls-private-key-file=/k.pem'];
    const shown = maskSecrets({ services: { 'kube-api': { extra_env: settings } } });
    expect(shown).toEqual({
      services: {
        'kube-api': {
          extra_env: [`TOKEN=${MASK}`, `DB_PASSWORD=${MASK}`, 'max-pods=250', 'tls-private-key-file=/k.pem'],
        },
      },
    });
  });
});

describe('a file of a node', () => {
  it('has no secret of a flag, a variable or a chart, as their names tell', () => {
    const file = [
      'token-file: "/etc/rancher/rke2/server-token"',
      'etcd-s3-config-secret: "etcd-s3"',
      'kube-apiserver-arg:',
      '  - "oidc-client-secret=sesame"',
      '  - "profiling=false"',
      'valuesContent: |',
      '    "adminPassword": "sesame"',
      '    "credentialsSecret":',
      '      "generate": false',
      '    apiKey: sesame',
    ].join('\n');
    expect(maskFile(file)).toBe(
      file
        .replace('=sesame', `=${MASK}`)
        .replace('"sesame"', `"${MASK}"`)
        .replace('apiKey: sesame', `apiKey: "${MASK}"`),
    );
  });
});
