import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MARKER_PATH } from '../../src/domain/marker.ts';
import type { PlannedNode } from '../../src/domain/plan.ts';
import type { NodeRecord } from '../../src/domain/state.ts';
import { sha256 } from '../../src/lib/hash.ts';
import { CATALOG } from '../../src/steps/catalog.ts';
import { makeMarker } from '../support/make-facts.ts';
import { SHELLS } from '../support/shells.ts';
import { scriptedContext } from '../support/step-context.ts';

const [OLD, NEW] = ['v1.35.7+rke2r1', 'v1.36.4+rke2r1'];
const node = { key: '10.0.0.1:22', id: 'node-1', name: 'n1' } as PlannedNode;
const base = { id: 'x', node, reason: '', needs: [], after: [] };
const CONFIG = '/etc/rancher/rke2/config.yaml';
const LATER = '/etc/rancher/rke2/config.yaml.d/20-rke2ctl-secrets.yaml';

const rke2 = (version: string) => `#!/bin/sh\necho "rke2 version ${version} (x)"\n`;

/** A host's file system in a directory: scripts see it as theirs, as their absolute paths are moved below it. */
class FakeHost {
  readonly root = mkdtempSync(join(tmpdir(), 'rke2ctl-previous-'));
  readonly #shell: readonly string[];

  constructor(shell: readonly string[]) {
    this.#shell = shell;
    for (const name of ['systemctl', 'rpm'])
      this.write(`/shims/${name}`, `#!/bin/sh\n[ ${name} != rpm ]\n`, 0o755);
  }

  path(path: string): string {
    return join(this.root, path);
  }

  write(path: string, content: string, mode = 0o644): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    rmSync(this.path(path), { force: true });
    writeFileSync(this.path(path), content);
    chmodSync(this.path(path), mode);
  }

  read(path: string): string | null {
    return existsSync(this.path(path)) ? readFileSync(this.path(path), 'utf8') : null;
  }

  run(script: string, args: readonly string[], stdin: string): string {
    const [program = '', ...words] = this.#shell;
    const moved = (text: string) =>
      text.replaceAll(
        /(^|[\s"'])\/(etc|usr|var)\//g,
        (_all, before: string, top: string) => `${before}${this.root}/${top}/`,
      );
    const tried = moved(script)
      .replaceAll('-C /', `-C ${this.root}`)
      .replaceAll('path#/}', `path#${this.root}/}`)
      .replaceAll(' root:root', ' "$(id -un):$(id -gn)"');
    const result = spawnSync(program, [...words, '-c', tried, 'sh', ...args.map(moved)], {
      input: stdin,
      encoding: 'utf8',
      env: { PATH: `${this.path('/shims')}:${process.env['PATH']}` },
    });
    if (result.status !== 0) throw new Error(`exit ${result.status}: ${result.stderr}`);
    return result.stdout.replaceAll(this.root, '');
  }

  dispose(): void {
    rmSync(this.root, { recursive: true });
  }
}

function contextOf(host: FakeHost) {
  const scripted = scriptedContext((script, { args = [], stdin = '' }) => {
    try {
      return host.run(script, args, String(stdin));
    } catch (error) {
      return error as Error;
    }
  });
  return scripted;
}

/** An upgrade has replaced everything that one replaces. */
function upgrade(host: FakeHost): void {
  host.write('/usr/local/bin/rke2', rke2(NEW), 0o755);
  host.write('/usr/local/lib/systemd/system/rke2-server.service', 'new unit');
  host.write('/var/lib/rancher/rke2/agent/images/core.tar.zst', 'new core');
  host.write('/var/lib/rancher/rke2/agent/images/added.tar.zst', 'added');
  rmSync(host.path('/var/lib/rancher/rke2/agent/images/dropped.tar.zst'));
  host.write(CONFIG, 'new: true\n', 0o600);
  host.write(LATER, 'later: true\n', 0o600);
  const now = {
    ...makeMarker(),
    version: NEW,
    files: [CONFIG, LATER, '/etc/other'],
    written: { [CONFIG]: sha256('new: true\n'), [LATER]: sha256('later: true\n'), '/etc/other': 'o' },
  };
  host.write(MARKER_PATH, JSON.stringify(now), 0o600);
}

describe.each(SHELLS)('what an upgrade replaces, in %s', (_name, shell) => {
  const withHost = async (test: (host: FakeHost) => Promise<void>) => {
    const host = new FakeHost(shell);
    try {
      host.write('/usr/local/bin/rke2', rke2(OLD), 0o755);
      host.write('/usr/local/lib/systemd/system/rke2-server.service', 'old unit');
      host.write('/var/lib/rancher/rke2/agent/images/core.tar.zst', 'old core');
      host.write('/var/lib/rancher/rke2/agent/images/dropped.tar.zst', 'dropped');
      host.write('/var/lib/rancher/rke2/agent/images/foreign.tar', 'theirs');
      host.write(CONFIG, 'old: true\n', 0o600);
      const before = {
        ...makeMarker(),
        version: OLD,
        files: [CONFIG],
        written: { [CONFIG]: sha256('old: true\n') },
      };
      host.write(MARKER_PATH, JSON.stringify(before), 0o600);
      await test(host);
    } finally {
      host.dispose();
    }
  };
  const keep = {
    ...base,
    kind: 'keep-previous' as const,
    version: OLD,
    prefix: '/usr/local',
    images: ['core.tar.zst', 'dropped.tar.zst', 'gone.tar.zst'],
    files: [CONFIG, LATER],
  };
  const restore = {
    ...base,
    kind: 'restore-previous' as const,
    version: OLD,
    prefix: '/usr/local',
    images: ['core.tar.zst', 'added.tar.zst'],
  };
  const drop = { ...base, kind: 'drop-previous' as const, prefix: '/usr/local' };
  const kept = '/var/lib/rancher/rke2/rke2ctl/previous';

  it('is put by without a copy of what is large, and only once', () =>
    withHost(async (host) => {
      const { context } = contextOf(host);
      expect(await CATALOG['keep-previous'].run(keep, context)).toBe('done');
      expect(host.read(`${kept}/version`)).toBe(`${OLD}\n`);
      expect(statSync(host.path(kept)).mode & 0o777).toBe(0o700);
      expect(statSync(host.path(`${kept}/files.tar`)).mode & 0o777).toBe(0o600);
      const inode = (path: string) => statSync(host.path(path)).ino;
      expect(inode('/usr/local/bin/rke2.previous')).toBe(inode('/usr/local/bin/rke2'));
      expect(inode(`${kept}/images/core.tar.zst`)).toBe(
        inode('/var/lib/rancher/rke2/agent/images/core.tar.zst'),
      );
      upgrade(host);
      expect(await CATALOG['keep-previous'].run(keep, context)).toBe('unchanged');
      expect(host.read('/usr/local/bin/rke2.previous')).toBe(rke2(OLD));
      // The next upgrade, where the end of this one was cut off.
      expect(await CATALOG['keep-previous'].run({ ...keep, version: NEW }, context)).toBe('done');
      expect(host.read('/usr/local/bin/rke2.previous')).toBe(rke2(NEW));
      expect(host.read(`${kept}/version`)).toBe(`${NEW}\n`);
    }));

  it('comes back as it was, as often as it is asked for, and the marker says so', () =>
    withHost(async (host) => {
      const { context, state } = contextOf(host);
      const record = { nodeId: 'node-1', version: NEW, phase: 'joined', startedWith: 'x' } as NodeRecord;
      await context.learn((before) => ({ ...before, version: NEW, nodes: { 'node-1': record } }));
      await CATALOG['keep-previous'].run(keep, context);
      upgrade(host);
      for (let round = 0; round < 2; round += 1) {
        expect(await CATALOG['restore-previous'].run(restore, context)).toBe('done');
        expect(host.read('/usr/local/bin/rke2')).toBe(rke2(OLD));
        expect(host.read('/usr/local/lib/systemd/system/rke2-server.service')).toBe('old unit');
        const images = (name: string) => host.read(`/var/lib/rancher/rke2/agent/images/${name}`);
        expect(['core.tar.zst', 'dropped.tar.zst', 'added.tar.zst', 'foreign.tar'].map(images)).toEqual([
          'old core',
          'dropped',
          null,
          'theirs',
        ]);
        expect(host.read(CONFIG)).toBe('old: true\n');
        expect(statSync(host.path(CONFIG)).mode & 0o777).toBe(0o600);
        expect(host.read(LATER)).toBeNull();
        expect(JSON.parse(host.read(MARKER_PATH) ?? '')).toMatchObject({
          version: OLD,
          files: [CONFIG, LATER, '/etc/other'],
          written: { [CONFIG]: sha256('old: true\n'), '/etc/other': 'o' },
        });
      }
      expect(JSON.parse(host.read(MARKER_PATH) ?? '').written[LATER]).toBeUndefined();
      expect(state().version).toBe(NEW);
      expect(state().nodes['node-1']).toMatchObject({ version: OLD, startedWith: '', phase: 'joined' });
      expect(await CATALOG['drop-previous'].run(drop, context)).toBe('done');
      expect(existsSync(host.path('/var/lib/rancher/rke2/rke2ctl'))).toBe(false);
      expect(host.read('/usr/local/bin/rke2.previous')).toBeNull();
      expect(host.read('/usr/local/bin/rke2')).toBe(rke2(OLD));
    }));

  it('is begun anew after a run that was cut off, and never put back by half', () =>
    withHost(async (host) => {
      const { context } = contextOf(host);
      host.write(`${kept}/images/half.tar`, 'half');
      await expect(CATALOG['restore-previous'].run(restore, context)).rejects.toThrow('does not lie in');
      expect(await CATALOG['keep-previous'].run(keep, context)).toBe('done');
      expect(host.read(`${kept}/images/half.tar`)).toBeNull();
      linkSync(host.path('/usr/local/bin/rke2'), host.path('/usr/local/bin/.rke2ctl-new'));
      upgrade(host);
      expect(await CATALOG['restore-previous'].run(restore, context)).toBe('done');
      expect(host.read('/usr/local/bin/rke2')).toBe(rke2(OLD));
    }));

  it('is not taken for another version than it is', () =>
    withHost(async (host) => {
      const { context } = contextOf(host);
      const wrong = { ...keep, version: 'v1.34.1+rke2r1' };
      await expect(CATALOG['keep-previous'].run(wrong, context)).rejects.toThrow('does not say that it is');
      expect(existsSync(host.path(kept))).toBe(false);
    }));
});
