import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cleanHost } from '../../src/host/cleanup.ts';
import { downloadFile } from '../../src/host/download.ts';
import { listMembers } from '../../src/host/etcd.ts';
import { FETCH_URL } from '../../src/host/fetch-script.ts';
import { readFile, removeFiles, writeFiles } from '../../src/host/files.ts';
import { applyFirewall } from '../../src/host/firewall.ts';
import type { Host } from '../../src/host/host.ts';
import { getNodes } from '../../src/host/kubectl.ts';
import { loadScript } from '../../src/host/loader.ts';
import { lockedScript } from '../../src/host/lock.ts';
import { startProber } from '../../src/host/port-prober.ts';
import { probeScript } from '../../src/host/probe/probe-script.ts';
import { readCertificates } from '../../src/host/read-certificates.ts';
import { readHealth } from '../../src/host/read-health.ts';
import { readServedCertificate } from '../../src/host/read-served-certificate.ts';
import { startService } from '../../src/host/start-service.ts';
import { activeState, reloadUnits, stopService } from '../../src/host/systemd.ts';
import { endTtl, startTtl } from '../../src/host/time-to-live.ts';
import { tryUrl } from '../../src/host/try-url.ts';
import { uploadFile } from '../../src/host/upload.ts';
import { FIREWALL_PROGRAM } from '../../src/lib/firewall-program.ts';
import { renderTtlScript } from '../../src/render/ttl-script.ts';
import { makeMarker } from '../support/make-marker.ts';
import { SHELLS } from '../support/shells.ts';

/**
 * Words are split, parts shared by scripts leave some unused, and ls lists /proc and /sys, where names are plain. `-ef`
 * is in POSIX since 2024, and was in every shell before.
 */
const ON_PURPOSE = ['SC2086', 'SC2046', 'SC2317', 'SC2329', 'SC2034', 'SC2010', 'SC2012', 'SC3013'];

const scripts = new Map<string, string>();
let directory: string;

/** Keeps every script that is sent to a host, and answers nothing. */
const keepingHost: Host = {
  target: 'nowhere',
  hostKey: null,
  run: async (script, options) => {
    scripts.set(options?.what ?? script, script);
    return { exitCode: 0, stdout: '', stderr: '' };
  },
  start: async (script, options) => {
    scripts.set(options?.what ?? script, script);
    const result = Promise.resolve({ exitCode: 0, stdout: '', stderr: '' });
    return { write: async () => undefined, end: () => undefined, stop: () => undefined, result };
  },
};

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'rke2ctl-scripts-'));
  const host = keepingHost;
  const nothing = { zone: 'public', ports: [], richRules: [], trustedSources: [], ipsets: {} };
  const upload = { source: '/a', destination: '/b/c', sha256: 'x', sizeBytes: 1, mode: '0644' };
  const signal = new AbortController().signal;
  await writeFiles(host, [{ path: '/x/y', content: '1', mode: '0600' }]);
  await removeFiles(host, ['/x']);
  await readFile(host, '/x');
  await startService(host, 'rke2-server', { restart: false, timeoutMs: 1000 });
  await stopService(host, 'rke2-server');
  await reloadUnits(host);
  await activeState(host, 'x');
  await uploadFile(host, upload);
  await applyFirewall(host, { add: nothing, remove: nothing, reload: true });
  await cleanHost(host, { marker: makeMarker({ firewall: nothing }) });
  await startProber(host, [{ protocol: 'tcp', port: 1 }], { lifetimeMs: 1, signal });
  await readCertificates(host);
  await readServedCertificate(host, { port: 1 });
  await startTtl(host, 60);
  await endTtl(host);
  scripts.set('fetching from a URL', FETCH_URL);
  scripts.set('time to live', renderTtlScript());
  await tryUrl(host, 'a b c', signal);
  await readHealth(host, { api: true, etcd: true });
  // These find no answer to read; the script is all that counts here.
  await Promise.allSettled([
    downloadFile(host, { source: '/x', target: join(directory, 'x') }),
    getNodes(host),
    listMembers(host),
  ]);
  const probe = probeScript('@m', {
    nodes: 'all',
    fsync: true,
    names: ['a b'],
    prefix: "/o'pt",
    files: ['/x y'],
  });
  scripts.set('probe', probe);
  scripts.set('lock and probe', lockedScript(probe));
  for (const elevation of [null, 'root', 'sudo', 'sudo-password'] as const) {
    scripts.set(`loader ${elevation}`, loadScript('@m', elevation, 'true', ["it's"], 'a label').line);
  }
});

afterAll(() => rmSync(directory, { recursive: true }));

describe('the scripts for hosts', () => {
  test('are all here', () => {
    expect(scripts.size).toBeGreaterThan(20);
  });

  test.each([...SHELLS, ['bash', ['bash', '--posix']]] as const)(
    'are understood by %s',
    (_name, [program = '', ...args]) => {
      for (const [name, script] of scripts) {
        const { stderr, status } = spawnSync(program, [...args, '-n'], { input: script, encoding: 'utf8' });
        expect(`${name}: ${status} ${stderr}`).toBe(`${name}: 0 `);
      }
    },
  );

  test('let no .curlrc have a say, and no proxy in what is asked of the host itself', () => {
    const calls = [...scripts].flatMap(([name, script]) =>
      [...script.replaceAll('\\\n', '').matchAll(/\bcurl .*/g)]
        .map(([line]) => line)
        .filter((line) => /^curl (-|"\$@")/.test(line))
        .map((line) => ({ name, line })),
    );
    expect(calls.length).toBeGreaterThan(3);
    expect(calls.filter(({ line }) => !line.startsWith('curl -q '))).toEqual([]);
    const own = calls.filter(({ line }) => line.includes('https://127.0.0.1'));
    expect(own.length).toBeGreaterThan(2);
    expect(own.filter(({ line }) => !line.includes("--noproxy '*'"))).toEqual([]);
  });

  test('pass shellcheck', ({ skip }) => {
    if (spawnSync('shellcheck', ['--version']).status !== 0) skip('shellcheck is not on this machine');
    for (const [name, script] of scripts) {
      const path = join(directory, 'script.sh');
      writeFileSync(path, `${script}\n`);
      const options = ['--shell=sh', '--severity=info', `--exclude=${ON_PURPOSE.join(',')}`, '--format=gcc'];
      const { stdout } = spawnSync('shellcheck', [...options, path], { encoding: 'utf8' });
      expect(`${name}: ${stdout}`).toBe(`${name}: `);
    }
  });

  test('the program for firewalld is Python', ({ skip }) => {
    if (spawnSync('python3', ['--version']).status !== 0) skip('python3 is not on this machine');
    execFileSync('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], {
      input: FIREWALL_PROGRAM,
    });
  });
});
