import { RemoteCommandError } from '../domain/errors.ts';
import type { SnapshotCopy } from '../domain/snapshot.ts';
import { timeOfName } from '../rke2/snapshot-content.ts';
import type { Host } from './host.ts';
import { runKubectl } from './run-kubectl.ts';

interface CallOptions {
  readonly signal?: AbortSignal;
  readonly dataDir?: string;
}

/**
 * The snapshots in S3 that the API has records of, for when S3 itself cannot be asked from here. null where no API server
 * answers on this host. One that could not be uploaded stands among them for a day, with its reason.
 */
export async function readS3Records(
  host: Host,
  options: CallOptions = {},
): Promise<readonly SnapshotCopy[] | null> {
  const kubectl = runKubectl(host, ['get', 'etcdsnapshotfiles.k3s.cattle.io', '-o', 'json'], {
    what: 'Reading the records of snapshots',
    timeoutMs: 20_000,
    ...options,
  });
  const text = await kubectl.then(
    ({ stdout }) => stdout,
    (error: unknown) => {
      if (error instanceof RemoteCommandError) return null;
      throw error;
    },
  );
  if (text === null) return null;
  const { items = [] } = JSON.parse(text) as { readonly items?: readonly RawRecord[] };
  return items.flatMap((item) => readRecord(item) ?? []);
}

function readRecord({ metadata, spec, status }: RawRecord): SnapshotCopy | null {
  const name = spec?.snapshotName;
  if (name === undefined || spec?.s3 === undefined) return null;
  const tokenId = metadata?.annotations?.['etcd.rke2.cattle.io/snapshot-token-hash'];
  const { bucket = '' } = spec.s3;
  const told = status?.error?.message ?? 'RKE2 could not upload it';
  return {
    name,
    place: {
      kind: 's3',
      bucket,
      object: (spec.location ?? name).replace(`s3://${bucket}/`, ''),
    },
    takenOn: spec.nodeName === undefined || spec.nodeName === 's3' ? null : spec.nodeName,
    createdAt: timeOfName(name) ?? Date.parse(status?.creationTime ?? ''),
    sizeBytes: Number.parseInt(`${status?.size ?? 0}`, 10),
    whole: status?.readyToUse === false ? false : null,
    tokenIds: tokenId === undefined ? null : [tokenId],
    version: null,
    problem: status?.readyToUse === false ? told : null,
  };
}

interface RawRecord {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: {
    readonly snapshotName?: string;
    readonly nodeName?: string;
    readonly location?: string;
    readonly s3?: { readonly bucket?: string };
  };
  readonly status?: {
    readonly readyToUse?: boolean;
    readonly creationTime?: string;
    readonly size?: string | number;
    readonly error?: { readonly message?: string };
  };
}
