import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseProbe } from '../../../src/host/probe/parse-probe.ts';
import { probeScript } from '../../../src/host/probe/probe-script.ts';
import { makeMarker } from '../../support/make-marker.ts';
import { SHELLS } from '../../support/shells.ts';

const CONFIG_DIR = '/etc/rancher/rke2';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rke2ctl own-files '));
});
afterAll(() => rmSync(folder, { recursive: true }));

function put(path: string, text = 'x'): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

describe.each(SHELLS)('the files that the probe sees in %s', (_name, [program = '', ...words]) => {
  /** The real script on this machine, with a folder in the place of RKE2's own. */
  const look = (files: readonly string[]): readonly string[] => {
    const script = probeScript('@mark', { dataDir: join(folder, 'data'), files }).replaceAll(
      new RegExp(`${CONFIG_DIR}(?=/|$)`, 'g'),
      `"$R"${CONFIG_DIR}`,
    );
    const { stdout, status, stderr } = spawnSync(program, [...words, '-s'], {
      input: script,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], R: folder },
    });
    expect([status, stderr]).toEqual([0, '']);
    const meta = {
      mark: '@mark',
      sentAtMs: 0,
      answeredAtMs: 0,
      hostKey: null,
      dataDir: join(folder, 'data'),
    };
    const { rke2 } = parseProbe(stdout, meta);
    return Object.keys(rke2.files).map((path) => path.replace(folder, ''));
  };

  it('are those that are asked for, those that bear our name, and those of the marker, if they are there', () => {
    put('data/server/manifests/rke2ctl-one.yaml');
    put('data/server/manifests/rke2-canal.yaml');
    put(`${CONFIG_DIR}/rke2ctl/audit-policy.yaml`);
    put(`${CONFIG_DIR}/rke2ctl/registries/r_5000/ca.crt`);
    put('etc/default/rke2-server');
    put('etc/default/with blank');
    const files = ['etc/default/rke2-server', 'etc/default/with blank', 'nowhere'].map((path) =>
      join(folder, path),
    );
    put(`${CONFIG_DIR}/rke2ctl.json`, `${JSON.stringify(makeMarker({ files }), null, 2)}\n`);
    expect(look(['/etc/hostname', '/nowhere'])).toEqual([
      '/etc/hostname',
      `${CONFIG_DIR}/rke2ctl.json`,
      '/data/server/manifests/rke2ctl-one.yaml',
      `${CONFIG_DIR}/rke2ctl/audit-policy.yaml`,
      `${CONFIG_DIR}/rke2ctl/registries/r_5000/ca.crt`,
      '/etc/default/rke2-server',
      '/etc/default/with blank',
    ]);
  });

  it('are none of the marker’s where it names none, or is damaged', () => {
    for (const text of [
      JSON.stringify(makeMarker({ files: [] }), null, 2),
      '{"files": ["/etc/hosts"',
      '"/etc/hosts"\n',
    ]) {
      put(`${CONFIG_DIR}/rke2ctl.json`, text);
      expect(look([])).not.toContain('/etc/hosts');
    }
  });
});
