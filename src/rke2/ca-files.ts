import type { NodeFile } from '../domain/cluster.ts';
import { CA_NAMES, type CaName, type ClusterCa, type ClusterCas } from '../domain/cluster-cas.ts';
import { Secret } from '../domain/secret.ts';
import { tlsDir } from './paths.ts';

/**
 * The files from which RKE2 takes its CAs when it starts for the first time, in place of making its own. Only the server
 * that founds the cluster gets them: the others fetch them from it.
 */
export function caFiles({ cas, serviceKey }: ClusterCas, dataDir: string): readonly NodeFile[] {
  const tls = tlsDir(dataDir);
  return [
    ...CA_NAMES.flatMap((name): NodeFile[] => [
      { path: `${tls}/${name}.crt`, content: cas[name].certificates, on: 'founder' },
      { path: `${tls}/${name}.key`, content: cas[name].key, on: 'founder' },
    ]),
    ...(serviceKey === null
      ? []
      : [{ path: `${tls}/service.key`, content: serviceKey, on: 'founder' as const }]),
  ];
}

/** The CAs that a cluster's file brings, from the files it has become; null where it leaves them to RKE2. */
export function casAmong(files: readonly NodeFile[], dataDir: string): ClusterCas | null {
  const tls = tlsDir(dataDir);
  const contents = new Map(
    files.filter(({ on }) => on === 'founder').map(({ path, content }) => [path, content]),
  );
  const cas = CA_NAMES.flatMap((name): (readonly [CaName, ClusterCa])[] => {
    const [certificates, key] = [contents.get(`${tls}/${name}.crt`), contents.get(`${tls}/${name}.key`)];
    return typeof certificates === 'string' && key instanceof Secret ? [[name, { certificates, key }]] : [];
  });
  if (cas.length < CA_NAMES.length) return null;
  const service = contents.get(`${tls}/service.key`);
  return {
    cas: Object.fromEntries(cas) as Record<CaName, ClusterCa>,
    serviceKey: service instanceof Secret ? service : null,
  };
}
