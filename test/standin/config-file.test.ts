import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SERVER_FLAGS } from './rke2/command-flags.ts';
import { findConfigFile, readConfigArguments } from './rke2/config-file.ts';
import { isKnownFlag, isSet, listOf, parseFlags, textOf } from './rke2/flags.ts';

let directory: string;
let written: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rke2-config-'));
  written = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    written += String(text);
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

function read(main: string | undefined, dropIns: Readonly<Record<string, string>> = {}): readonly string[] {
  const file = join(directory, 'config.yaml');
  if (main !== undefined) writeFileSync(file, main);
  mkdirSync(`${file}.d`, { recursive: true });
  for (const [name, content] of Object.entries(dropIns)) writeFileSync(join(`${file}.d`, name), content);
  return readConfigArguments(['--config', file], (key) => isKnownFlag(SERVER_FLAGS, key));
}

test('the file is $RKE2_CONFIG_FILE, else --config, else the default', () => {
  expect(findConfigFile([])).toEqual({ path: '/etc/rancher/rke2/config.yaml', explicit: false });
  expect(findConfigFile(['--debug', '-c', '/a.yaml']).path).toBe('/a.yaml');
  expect(findConfigFile(['--config=/b.yaml']).path).toBe('/b.yaml');
  vi.stubEnv('RKE2_CONFIG_FILE', '/c.yaml');
  expect(findConfigFile(['--config=/b.yaml']).path).toBe('/c.yaml');
});

test('an explicitly named file must exist, the default one need not', () => {
  expect(() => readConfigArguments(['--config', '/nowhere/config.yaml'], () => true)).toThrow(
    'stat /nowhere/config.yaml: no such file or directory',
  );
});

test('drop-ins come after the file in alphabetical order: they replace a key, key+ appends', () => {
  const args = read('node-label: [a=1]\ntoken: one\ntls-san: x', {
    '20-b.yaml': 'node-label+: [c=3]',
    '10-a.yml': 'node-label+: [b=2]\ntoken: two',
    'ignored.txt': 'token: three',
  });
  expect(args).toEqual([
    '--node-label=a=1',
    '--node-label=b=2',
    '--node-label=c=3',
    '--token=two',
    '--tls-san=x',
  ]);
});

test('drop-ins alone are enough', () => {
  expect(read(undefined, { '1.yaml': 'token: t' })).toEqual(['--token=t']);
});

test('an unknown key is warned of and ignored', () => {
  expect(read('tokn: x\ncluster-init: true\ntoken: abc')).toEqual(['--token=abc']);
  expect(written).toContain('level=warning msg="Unknown flag --tokn found in config.yaml, skipping\\n"');
  expect(written).toContain('--cluster-init');
});

test('numbers are those of YAML 1.1: an unquoted mode is not a mode any more', () => {
  expect(read('write-kubeconfig-mode: 0644')).toEqual(['--write-kubeconfig-mode=420']);
  expect(read('write-kubeconfig-mode: "0644"')).toEqual(['--write-kubeconfig-mode=0644']);
});

test('malformed YAML is an error', () => {
  expect(() => read('token: [x')).toThrow(/failed to read config file .*: yaml: /);
});

test('on the command line scalars win and lists add up; only some lists are split at commas', () => {
  const flags = parseFlags(SERVER_FLAGS, [
    ...read('token: file\ntls-san: [a]\nnode-label: "x=1,2"\ndisable-etcd: true'),
    '--token',
    'cli',
    '--tls-san=b,c',
  ]);
  expect(textOf(flags, 'token')).toBe('cli');
  expect(listOf(flags, 'tls-san')).toEqual(['a', 'b', 'c']);
  expect(listOf(flags, 'node-label')).toEqual(['x=1,2']);
  expect(isSet(flags, 'disable-etcd')).toBe(true);
});

test('a flag that is none, and a boolean that is none, are refused', () => {
  expect(() => parseFlags(SERVER_FLAGS, ['--cluster-init'])).toThrow(
    'flag provided but not defined: -cluster-init',
  );
  expect(() => parseFlags(SERVER_FLAGS, ['--debug=maybe'])).toThrow(
    'invalid boolean value "maybe" for -debug',
  );
});
