import type { IngressController } from '../../domain/cluster.ts';
import { coreIngress } from '../../rke2/image-bundles.ts';
import { type ChartReason, PACKAGED_CHARTS } from '../../rke2/packaged-charts.ts';
import { parseVersion } from '../../rke2/version.ts';
import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt, type Mistake } from '../finding.ts';
import { CLOUD_PROVIDERS } from '../keys/cloud-provider.ts';
import { findNearestName } from '../nearest-name.ts';
import { nameOf } from '../resolve/resolve-cloud-provider.ts';
import { hasNginxSettings } from '../resolve/resolve-ingress.ts';
import { primaryCni } from '../resolve/resolve-network.ts';

const NGINX = { nginx: 'ingress-nginx', traefik: 'traefik', none: 'none' } as const;

/** Values are for charts that there are: RKE2's own that this cluster runs, and those of `charts`. */
export function checkChartValues(draft: ClusterDraft): readonly Finding[] {
  const own = (draft.charts ?? []).flatMap((chart) => chart?.name ?? []);
  return Object.keys(draft.chart_values ?? {}).flatMap((name) => {
    const mistake = own.includes(name) ? null : checkChart(name, own, draft);
    return mistake === null ? [] : [findingAt(['chart_values', name], mistake, 'key')];
  });
}

function checkChart(name: string, own: readonly string[], draft: ClusterDraft): Mistake | null {
  const reason = Object.hasOwn(PACKAGED_CHARTS, name) ? PACKAGED_CHARTS[name] : undefined;
  if (reason === undefined) {
    const known = [...Object.keys(PACKAGED_CHARTS), ...own];
    const nearest = findNearestName(name, known) ?? findNearestName(`rke2-${name}`, known);
    return {
      code: 'chart-values-unknown',
      message: `RKE2 brings no chart \`${name.slice(0, 80)}\`, and \`charts\` has none of that name: these values would go nowhere.`,
      hint: nearest
        ? `Did you mean \`${nearest}\`?`
        : 'Values of a chart of your own stand in its entry of `charts`.',
    };
  }
  const instead = isDisabled(name, draft) ? 'it is disabled' : whyUnused(reason, draft);
  if (instead === null) return null;
  return {
    code: 'chart-values-unused',
    severity: 'warning',
    message: `This cluster does not run ${name}: ${instead}. Its values have no effect.`,
    hint: 'Leave them out.',
  };
}

function isDisabled(name: string, { dns, monitoring, rke2 }: ClusterDraft): boolean {
  if (name === 'rke2-coredns' && dns?.provider === 'none') return true;
  if (name === 'rke2-metrics-server' && monitoring?.provider === 'none') return true;
  return [rke2?.server?.['disable'] ?? []].flat().includes(name);
}

/** Why RKE2 does not deploy such a chart here; null when it does, or when that is not known. */
function whyUnused(reason: ChartReason, draft: ClusterDraft): string | null {
  if (reason.kind === 'always') return null;
  if (reason.kind === 'cni') {
    const plugin = draft.network?.plugin;
    if (draft.network && 'plugin' in draft.network && plugin === undefined) return null;
    const all = [plugin ?? primaryCni(plugin)].flat();
    return all.includes(reason.cni as never) ? null : `its CNI is ${all.join(' and ')}`;
  }
  if (reason.kind === 'ingress') {
    const controllers = listControllers(draft);
    if (controllers === null || controllers.includes(reason.controller as IngressController)) return null;
    return `its ingress controller is ${controllers.join(' and ')}`;
  }
  const name = nameOf(draft.cloud_provider as Parameters<typeof nameOf>[0]);
  if (name !== null && CLOUD_PROVIDERS[name] === reason.provider) return null;
  return `its cloud provider is ${name ?? 'RKE2’s own'}`;
}

/** null when it depends on a version that is not known yet. */
function listControllers(draft: ClusterDraft): readonly IngressController[] | null {
  const { ingress } = draft;
  if (ingress?.provider !== undefined) return [ingress.provider].flat().map((name) => NGINX[name ?? 'none']);
  if (ingress !== undefined && hasNginxSettings(ingress)) return ['ingress-nginx'];
  const version = parseVersion(draft.kubernetes_version ?? '');
  return version && [coreIngress(version)];
}
