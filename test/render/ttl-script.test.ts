import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { renderTtlScript } from '../../src/render/ttl-script.ts';
import { TTL_BEGUN_PATH, TTL_DEADLINE_PATH, TTL_PATHS, TTL_SCRIPT_PATH } from '../../src/rke2/ttl-paths.ts';
import { makeMarker } from '../support/make-marker.ts';
import { SHELLS } from '../support/shells.ts';

const MARKER = '/etc/rancher/rke2/rke2ctl.json';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rke2ctl-ttl-'));
});
afterEach(() => rmSync(root, { recursive: true }));

/** In place of what would be done to this machine: each says what it was called with. */
const STAND_INS = ['stop_rke2', 'uninstall_rke2', 'look_for_leftovers', 'close_firewall', 'systemctl']
  .map((name) => `${name}() { echo "${name}|$(printf '%s|' "$@")" >>"$ROOT/calls"; }`)
  .join('\n');

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
const deadline = (at: number, bootId: string, up: number) =>
  put(TTL_DEADLINE_PATH, `# rke2ctl: ${at} ${bootId} ${up}\n[Timer]\nOnCalendar=2026-11-21 18:00:00 UTC\n`);
const NEVER = 99_999_999_999;

describe.each(SHELLS)('the script of the time to live in %s', (_name, [program = '', ...words]) => {
  const run = (): readonly string[] => {
    const at = '# The rest is the main part.\n';
    const own = renderTtlScript()
      .replace(
        /\nif \[ ! -f "\$BEGUN" \]; then\n {2}is_due/,
        (main) => `\n${at}ROOT=${root}\n${STAND_INS}${main}`,
      )
      .replaceAll(/(?<![\w"])\/etc\//g, `${root}/etc/`)
      .replaceAll('exec /bin/sh', `exec ${[program, ...words].join(' ')}`);
    expect(own).toContain(at);
    put(TTL_SCRIPT_PATH, own);
    for (const path of TTL_PATHS.slice(1)) put(path, '');
    put('/etc/machine-id', 'm\n');
    const result = spawnSync(program, [...words, join(root, TTL_SCRIPT_PATH)], { encoding: 'utf8' });
    expect([result.status, result.stderr]).toEqual([0, '']);
    if (!existsSync(join(root, 'calls'))) return [];
    return readFileSync(join(root, 'calls'), 'utf8').trim().split('\n');
  };
  const markerNames = (files: readonly string[]) =>
    put(MARKER, `${JSON.stringify(makeMarker({ files: [...files] }), null, 2)}\n`);
  const isThere = (path: string) => existsSync(join(root, path));

  it.each([
    ['in the same boot by the uptime, whatever the clock says', 1, boot, NEVER],
    ['after another boot by the clock', NEVER, 'another', 1],
  ])('does nothing before its time: %s', (_what, at, bootId, up) => {
    deadline(at, bootId, up);
    markerNames(TTL_PATHS);
    expect(run()).toEqual([]);
    expect([TTL_SCRIPT_PATH, MARKER, TTL_BEGUN_PATH].map(isThere)).toEqual([true, true, false]);
  });

  it('does nothing where nothing says when', () => {
    markerNames(TTL_PATHS);
    expect(run()).toEqual([]);
    expect(isThere(TTL_SCRIPT_PATH)).toBe(true);
  });

  it.each([
    ['in the same boot', NEVER, boot, 1],
    ['after another boot', 1, 'another', NEVER],
  ])('does at its time what remove does, with the marker’s words: %s', (_what, at, bootId, up) => {
    deadline(at, bootId, up);
    // As on a real host, where the paths of the marker are those of the script.
    markerNames(['/etc/one file.yaml', '/etc/two.yaml', ...TTL_PATHS.map((path) => join(root, path))]);
    const args = '/usr/local|/var/lib/rancher/rke2|/etc/one file.yaml|/etc/two.yaml|';
    expect(run()).toEqual([
      `stop_rke2|${args}`,
      'close_firewall||',
      `uninstall_rke2|${args}`,
      `look_for_leftovers|${args}`,
    ]);
    // What to go by, should it be cut off; the real uninstalling takes it away.
    expect(readFileSync(join(root, TTL_BEGUN_PATH), 'utf8')).toContain('"/etc/two.yaml"');
  });

  it('goes on where it was cut off, without marker and time', () => {
    put(TTL_BEGUN_PATH, `${JSON.stringify(makeMarker({ files: [] }), null, 2)}\n`);
    expect(run().map((call) => call.split('|')[0])).toContain('uninstall_rke2');
  });

  it.each([
    ['a marker that does not name it', ['/etc/one.yaml']],
    ['no marker', null],
  ])('takes no more than itself away where it finds %s', (_what, files) => {
    deadline(1, 'another', 1);
    if (files !== null) markerNames(files);
    expect(run().map((call) => call.split('|')[0])).toEqual(['systemctl', 'systemctl']);
    expect([...TTL_PATHS, TTL_DEADLINE_PATH].map(isThere)).toEqual([false, false, false, false]);
    expect(isThere(MARKER)).toBe(files !== null);
  });
});
