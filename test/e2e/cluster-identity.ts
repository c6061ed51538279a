import { X509Certificate } from 'node:crypto';
import type { Lab } from '../lab/lab.ts';
import type { Project } from './project.ts';

/** What a fault must never change: whose cluster it is, its tokens, and the CA that its first server made. */
export interface ClusterIdentity {
  readonly clusterId: string;
  readonly serverToken: string;
  readonly agentToken: string;
  /** SHA-256 fingerprint; null before the first server has started. */
  readonly ca: string | null;
}

/** Reads the identity from the state file and, as far as it runs, from `server`'s disk. */
export async function readIdentity(lab: Lab, project: Project, server: string): Promise<ClusterIdentity> {
  const state = JSON.parse(await project.read('cluster.rkestate')) as {
    readonly clusterId: string;
    readonly secrets: { readonly serverToken: string; readonly agentToken: string };
  };
  const path = '/var/lib/rancher/rke2/server/tls/server-ca.crt';
  const { stdout } = await lab.exec(server, ['sh', '-c', `cat ${path} 2>/dev/null || true`]);
  return {
    clusterId: state.clusterId,
    serverToken: state.secrets.serverToken,
    agentToken: state.secrets.agentToken,
    ca: stdout.trim() === '' ? null : new X509Certificate(stdout).fingerprint256,
  };
}

/** Names of the Nodes that the API calls Ready, asked with the real kubectl through the written kubeconfig. */
export async function readyNodes(project: Project): Promise<readonly string[]> {
  const { stdout, stderr, exitCode } = await project.kubectl('get', 'nodes', '-o', 'json');
  if (exitCode !== 0) throw new Error(`kubectl: ${stderr}`);
  const { items } = JSON.parse(stdout) as {
    readonly items: readonly {
      readonly metadata: { readonly name: string };
      readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] };
    }[];
  };
  return items
    .filter((node) => node.status.conditions.some((each) => each.type === 'Ready' && each.status === 'True'))
    .map((node) => node.metadata.name)
    .sort();
}
