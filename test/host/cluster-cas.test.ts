import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { putClusterCas, readClusterCas } from '../../src/host/cluster-cas.ts';
import { createHost, type Host } from '../../src/host/host.ts';
import { makeCasBelow, makeRoot } from '../../src/pki/make-cas.ts';
import { makeRotatedCas } from '../../src/pki/rotate-cas.ts';
import { caBootstrapData } from '../../src/rke2/ca-bootstrap-data.ts';
import { caDirectory } from '../pki/ca-directory.ts';
import { readBootstrapData } from '../standin/rke2/bootstrap-data.ts';
import { pathsOf } from '../standin/rke2/paths.ts';
import { createLocalTransport } from '../support/local-transport.ts';
import { SHELLS } from '../support/shells.ts';

const NOW = new Date();
const own = makeCasBelow({ ...makeRoot('Example Root', NOW), above: [] }, NOW);
/** Several certificates and keys in one file each. */
const cas = makeRotatedCas(own, NOW);
let dataDir: string;

beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'rke2ctl cas '));
  for (const [name, text] of caDirectory(cas)) {
    const path = join(dataDir, 'server/tls', name);
    mkdirSync(dirname(path), { recursive: true });
    // By hand: a file without an end of its last line.
    writeFileSync(path, name === 'client-ca.key' ? text.trimEnd() : text);
  }
});
afterAll(() => rmSync(dataDir, { recursive: true }));

describe.each(SHELLS)('the CAs of a server with %s', (_name, shell) => {
  const host = () => createHost(createLocalTransport({ shell }), { askSudoPassword: async () => null });

  it('are read with their keys', async () => {
    const read = await readClusterCas(host(), { dataDir });
    expect(caDirectory(read)).toEqual(caDirectory(cas));
    expect(JSON.stringify(read)).not.toContain('PRIVATE KEY');
  });

  it('are not guessed at where one is missing', async () => {
    await expect(readClusterCas(host(), { dataDir: '/nowhere' })).rejects.toThrow();
    const bare = mkdtempSync(join(tmpdir(), 'rke2ctl-bare-'));
    mkdirSync(join(bare, 'server/tls'), { recursive: true });
    await expect(readClusterCas(host(), { dataDir: bare })).rejects.toMatchObject({
      code: 'ca-file-missing',
    });
    rmSync(bare, { recursive: true });
  });
});

it('go to the supervisor under the names that RKE2 keeps them by', () => {
  const sent = JSON.parse(caBootstrapData(cas, NOW).reveal()) as ReturnType<typeof readBootstrapData>;
  const kept = readBootstrapData(pathsOf(dataDir));
  expect(Object.keys(sent).sort()).toEqual(Object.keys(kept).sort());
  for (const [name, { Content }] of Object.entries(sent)) {
    const text = (base64: string | undefined) =>
      Buffer.from(base64 ?? '', 'base64')
        .toString()
        .trimEnd();
    expect(text(Content)).toBe(text(kept[name]?.Content));
  }
});

describe('given to the cluster', () => {
  const answering = (stdout: string) => {
    const calls: { readonly args?: readonly string[]; readonly stdin?: string }[] = [];
    const run = async (_script: string, options: (typeof calls)[number]) => {
      calls.push(options);
      return { exitCode: 0, stdout, stderr: '' };
    };
    return { calls, host: { target: 'node1', run } as unknown as Host };
  };
  const request = { token: new Secret('password'), force: false, now: NOW };

  it('they travel on stdin, behind the token, each on a line of its own', async () => {
    const { calls, host } = answering('\n204');
    await putClusterCas(host, cas, request);
    expect(calls[0]?.args?.[0]).toBe('/v1-rke2/cert/cacerts?force=false');
    expect(calls[0]?.stdin).toBe(`password\n${caBootstrapData(cas, NOW).reveal()}\n`);
    expect(JSON.stringify(calls[0]?.args)).not.toContain('password');
  });

  it('a refusal is told in RKE2’s words', async () => {
    const words = 'failed to validate new CA certificates and keys';
    await expect(putClusterCas(answering(`${words}\n500`).host, cas, request)).rejects.toThrow(words);
  });
});
