import { STATE_ANNOTATIONS, STATE_COPY_LIMIT, STATE_SECRET, type StateCopy } from '../domain/state-copy.ts';
import type { Host } from './host.ts';
import { applyManifest, type CallOptions, getSecretValue } from './kubectl.ts';

/**
 * Puts a state's text, which must be whole, into the cluster. `sizeBytes` above STATE_COPY_LIMIT: it was not put there,
 * and what lay there before is untouched. Sealed secrets stay sealed.
 */
export async function putStateCopy(
  host: Host,
  text: string,
  options: CallOptions = {},
): Promise<{ readonly sizeBytes: number }> {
  // The checksum does not depend on blanks, so a large state may go without them.
  const fitting = Buffer.byteLength(text) > STATE_COPY_LIMIT ? JSON.stringify(JSON.parse(text)) : text;
  const data = Buffer.from(fitting);
  if (data.length > STATE_COPY_LIMIT) return { sizeBytes: data.length };
  const { clusterId, serial, checksum } = JSON.parse(text) as StateCopy;
  const annotations = {
    [STATE_ANNOTATIONS.clusterId]: clusterId,
    [STATE_ANNOTATIONS.serial]: String(serial),
    [STATE_ANNOTATIONS.checksum]: checksum,
  };
  const { name, namespace, key } = STATE_SECRET;
  const metadata = { name, namespace, annotations };
  const secret = { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata };
  await applyManifest(host, { ...secret, data: { [key]: data.toString('base64') } }, options);
  return { sizeBytes: data.length };
}

/** The text of the cluster's copy; null when the cluster has none. It holds tokens. */
export async function readStateCopy(host: Host, options: CallOptions = {}): Promise<string | null> {
  const value = await getSecretValue(host, STATE_SECRET, options);
  return value === null ? null : value.toString('utf8');
}
