import type { CertificateFile } from '../domain/certificates.ts';
import type { NodeKey } from '../domain/cluster.ts';
import type { PlannedNode } from '../domain/plan.ts';
import { readCertificates } from '../host/read-certificates.ts';
import { type EndedAuthority, endedAuthorities } from '../plan/ended-authorities.ts';
import type { Workspace } from './workspace.ts';

/** The certificates in each server's files. */
export async function readServerFiles(
  servers: readonly PlannedNode[],
  { cluster, sessions, signals }: Workspace,
): Promise<ReadonlyMap<NodeKey, readonly CertificateFile[]>> {
  const options = { dataDir: cluster.dataDir, signal: signals.stop };
  const entries = await Promise.all(
    servers.map(async ({ key }) => {
      const { files } = await readCertificates(sessions.get(key), options);
      return [key, files] as const;
    }),
  );
  return new Map(entries);
}

/** The CAs that have ended, by the clock here. */
export function endedAmong(
  files: ReadonlyMap<NodeKey, readonly CertificateFile[]>,
  dataDir: string,
): readonly EndedAuthority[] {
  return endedAuthorities([...files.values()].flat(), { dataDir, now: Date.now() });
}
