import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLUSTER_QUESTIONS } from '../../../src/host/probe/cluster-questions.ts';
import { parseNodes } from '../../../src/host/probe/parse-nodes.ts';
import { KUBECONFIG_PATH } from '../../../src/rke2/paths.ts';

let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'rke2ctl-questions-'));
  mkdirSync(join(dataDir, 'bin'));
  writeFileSync(join(dataDir, 'rke2.yaml'), 'kind: Config\n');
});

afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

/** What the probe learns of the Nodes from a kubectl that prints this and ends with this code. */
function nodesFrom(printed: string, exitCode: number) {
  const kubectl = `#!/bin/sh\ncase "$*" in *'get nodes'*) echo '${printed}'; exit ${exitCode};; esac\nexit 1\n`;
  writeFileSync(join(dataDir, 'bin/kubectl'), kubectl, { mode: 0o755 });
  const questions = CLUSTER_QUESTIONS.replaceAll(KUBECONFIG_PATH, join(dataDir, 'rke2.yaml'));
  const script = `m() { echo "@$1"; }\nDD=${dataDir}\n${questions}\n`;
  const text = execFileSync('/bin/sh', ['-s'], { input: script, encoding: 'utf8' });
  return parseNodes(/@nodes\n([\s\S]*?)@state-copy/.exec(text)?.[1] ?? '');
}

describe('the Nodes of a server', () => {
  it('are not known where its API answers with an error, although kubectl prints an empty list then', () => {
    const empty = '{"apiVersion": "v1", "items": [], "kind": "List"}';
    expect(nodesFrom(empty, 1)).toBeNull();
    expect(nodesFrom(empty, 0)).toEqual([]);
    expect(nodesFrom('{"items": [{"metadata": {"name": "n1"}}]}', 0)).toMatchObject([{ name: 'n1' }]);
  });
});
