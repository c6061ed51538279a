import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clusterQuestions } from '../../../src/host/probe/cluster-questions.ts';
import { parseNodes } from '../../../src/host/probe/parse-nodes.ts';
import { KUBECONFIG_PATH } from '../../../src/rke2/paths.ts';

let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'rke2ctl-questions-'));
  mkdirSync(join(dataDir, 'bin'));
  writeFileSync(join(dataDir, 'rke2.yaml'), 'kind: Config\n');
});

afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

/** What the probe's part prints where kubectl prints this for that URL, and ends with this code. */
function ask(nodes: 'all' | 'one', url: string, printed: string, exitCode: number): string {
  const kubectl = `#!/bin/sh\ncase "$*" in *'get --raw ${url}') echo '${printed}'; exit ${exitCode};; esac\nexit 1\n`;
  writeFileSync(join(dataDir, 'bin/kubectl'), kubectl, { mode: 0o755 });
  const questions = clusterQuestions(nodes).replaceAll(KUBECONFIG_PATH, join(dataDir, 'rke2.yaml'));
  const script = `m() { echo "@$1"; }\nDD=${dataDir}\n${questions}\n`;
  const env = { ...process.env, PATH: `${join(dataDir, 'bin')}:${process.env['PATH']}` };
  return execFileSync('/bin/sh', ['-s'], { input: script, encoding: 'utf8', env });
}

/** What it learns of all Nodes. */
function nodesFrom(printed: string, exitCode: number) {
  const text = ask('all', '/api/v1/nodes?pretty=false', printed, exitCode);
  return parseNodes(/@nodes\n([\s\S]*?)@state-copy/.exec(text)?.[1] ?? '');
}

describe('the Nodes of a server', () => {
  it('are not known where its API answers with an error', () => {
    expect(nodesFrom('', 1)).toBeNull();
    expect(nodesFrom('{"kind": "Status", "status": "Failure", "code": 403}', 0)).toBeNull();
    expect(nodesFrom('{"items": [{"metadata": {"na', 1)).toBeNull();
    expect(nodesFrom('{"kind": "NodeList", "items": []}', 0)).toEqual([]);
    expect(nodesFrom('{"items": [{"metadata": {"name": "n1"}}]}', 0)).toMatchObject([{ name: 'n1' }]);
  });

  it('are asked for as one, in a section of its own, where another server tells of all', () => {
    const text = ask('one', '/api/v1/nodes?pretty=false&limit=1', '{"items": []}', 0);
    expect(text).toContain('@api\n{"items": []}\n');
    expect(text).not.toContain('@nodes');
  });

  it('are asked for by curl where there is one, in the same sections', () => {
    for (const name of ['server-ca.crt', 'client-admin.crt', 'client-admin.key']) {
      mkdirSync(join(dataDir, 'server/tls'), { recursive: true });
      writeFileSync(join(dataDir, 'server/tls', name), 'x');
    }
    writeFileSync(join(dataDir, 'rke2.yaml'), '    server: https://127.0.0.1:6443\n');
    const curl = `#!/bin/sh\nwhile [ $# -gt 0 ]; do case $1 in https:*) echo "asked $1" ;; esac; shift; done\n`;
    writeFileSync(join(dataDir, 'bin/curl'), curl, { mode: 0o755 });
    for (const [nodes, section, query] of [
      ['all', 'nodes', '?pretty=false'],
      ['one', 'api', '?pretty=false&limit=1'],
    ] as const) {
      const text = ask(nodes, 'none', '', 1);
      expect(text).toContain(`@${section}\nasked https://127.0.0.1:6443/api/v1/nodes${query}\n`);
    }
  });
});
