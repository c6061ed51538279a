import * as z from 'zod';
import type { Marker } from '../../domain/marker.ts';
import { DATA_DIR } from '../../rke2/paths.ts';

const ArtifactSchema = z.object({ name: z.string(), sha256: z.string(), sizeBytes: z.number() }).readonly();
const strings = z.array(z.string()).readonly();

const MarkerSchema = z
  .object({
    schemaVersion: z.literal(1),
    clusterId: z.string().min(1),
    clusterName: z.string(),
    nodeId: z.string().min(1),
    machineId: z.string(),
    name: z.string(),
    roles: z.array(z.enum(['etcd', 'controlplane', 'worker'])).readonly(),
    version: z.string(),
    installed: z
      .object({
        method: z.enum(['airgap', 'script']),
        package: z.enum(['tar', 'rpm']),
        prefix: z.string(),
        images: z.array(ArtifactSchema).readonly(),
      })
      .readonly()
      .nullable(),
    // Markers of the first releases do not say it.
    dataDir: z.string().default(DATA_DIR),
    files: strings,
    written: z.record(z.string(), z.string()).readonly().optional(),
    firewall: z
      .object({
        zone: z.string(),
        ports: strings,
        richRules: strings,
        trustedSources: strings,
        ipsets: z.record(z.string(), strings).readonly(),
      })
      .readonly()
      .nullable(),
  })
  .readonly();

/** Our marker from its text; `unreadable` when it is damaged or of another format than this rke2ctl knows. */
export function parseMarker(text: string): Marker | 'unreadable' {
  try {
    return MarkerSchema.parse(JSON.parse(text));
  } catch {
    return 'unreadable';
  }
}
