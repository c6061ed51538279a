import type { Observed } from '../domain/observed.ts';
import type { Plan } from '../domain/plan.ts';
import { contentStamp } from '../lib/content-stamp.ts';
import { imagesDir } from '../rke2/paths.ts';
import type { HeldFile } from './distributor.ts';

/** Image bundles that nodes of the cluster have already, of those that this plan brings to others. */
export function findHeldFiles(plan: Plan, observed: Observed, dataDir: string): readonly HeldFile[] {
  const wanted = new Map(
    plan.steps.flatMap((step) =>
      step.kind === 'stage-artifacts' ? step.images.map((image) => [image.sha256, image] as const) : [],
    ),
  );
  if (wanted.size === 0) return [];
  return plan.nodes.flatMap((node) => {
    const host = observed.hosts[node.key];
    const present = host?.reachable ? host.facts.rke2.images : [];
    return [...wanted.values()]
      .filter(({ name, sizeBytes, sha256 }) =>
        present.some(
          (file) => file.name === name && file.sizeBytes === sizeBytes && file.mtime === contentStamp(sha256),
        ),
      )
      .map(({ name, sha256 }) => ({ peer: node, sha256, path: `${imagesDir(dataDir)}/${name}` }));
  });
}
