import type { IngressController } from '../../domain/cluster.ts';
import type { ClusterInput } from '../keys/cluster.ts';
import { toKubernetesStrategy } from '../keys/update-strategy.ts';
import { toLabels, toToleration } from '../schema/pods.ts';
import { chartMap, valuesOf } from './chart-map.ts';
import type { Contribution } from './contribution.ts';

type IngressInput = NonNullable<ClusterInput['ingress']>;

const NAMES = { nginx: 'ingress-nginx', traefik: 'traefik', none: 'none' } as const;

/**
 * The controllers that the file asks for; null leaves it to the release. Settings of nginx without a provider mean nginx,
 * which was RKE1's only one.
 */
export function resolveIngress(input: Pick<ClusterInput, 'ingress'>): readonly IngressController[] | null {
  const { provider } = input.ingress ?? {};
  if (provider !== undefined) return [...new Set([provider].flat().map((name) => NAMES[name]))];
  return input.ingress !== undefined && hasNginxSettings(input.ingress) ? ['ingress-nginx'] : null;
}

/** Whether the section says anything about nginx, so that it would matter which controller there is. */
export function hasNginxSettings(ingress: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(ingress).some(([key, value]) => key !== 'provider' && !isEmpty(value));
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isEmpty);
  return value === undefined || value === 0;
}

/** nginx's chart values; none where the file asks for other controllers alone. */
export function contributeIngress(input: ClusterInput): Partial<Contribution> {
  const { ingress } = input;
  if (ingress === undefined || !resolveIngress(input)?.includes('ingress-nginx')) return {};
  const { node_selector: selector, tolerations = [] } = ingress;
  return {
    chartValues: valuesOf('rke2-ingress-nginx', {
      controller: {
        ...reachOf(ingress),
        dnsPolicy: ingress.dns_policy,
        config: ingress.options && toTexts(ingress.options),
        extraArgs: ingress.extra_args && toTexts(ingress.extra_args),
        // RKE1 took these two flags as the container's ports, too.
        containerPort: {
          http: toPort(ingress.extra_args?.['http-port']),
          https: toPort(ingress.extra_args?.['https-port']),
        },
        extraEnvs: listOf(ingress.extra_envs),
        extraVolumes: listOf(ingress.extra_volumes),
        extraVolumeMounts: listOf(ingress.extra_volume_mounts),
        nodeSelector: selector && toLabels(selector),
        tolerations: listOf(tolerations.map((each) => chartMap(toToleration(each)))),
        updateStrategy: toKubernetesStrategy(ingress.update_strategy),
        priorityClassName: ingress.nginx_ingress_controller_priority_class_name,
        ingressClassResource: { default: ingress.default_ingress_class },
      },
      defaultBackend: {
        enabled: ingress.default_backend,
        priorityClassName: ingress.default_http_backend_priority_class_name,
      },
    }),
  };
}

/** On the host's own network its ports are nginx's own; RKE1 had no other there. */
function reachOf({ http_port, https_port, network_mode: mode }: IngressInput) {
  const ports = { http: toPort(http_port), https: toPort(https_port) };
  if (mode === 'hostNetwork') return { hostNetwork: true, hostPort: { enabled: false } };
  if (mode === 'none') return { hostNetwork: false, hostPort: { enabled: false } };
  return { hostPort: { enabled: mode === undefined ? undefined : true, ports } };
}

function toPort(written: number | string | boolean | undefined): number | undefined {
  const port = Number(written ?? 0);
  return Number.isInteger(port) && port > 0 ? port : undefined;
}

function toTexts(map: Readonly<Record<string, string | number | boolean>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(map).map(([key, value]) => [key.replace(/^-+/, ''), String(value)]),
  );
}

function listOf<T>(items: readonly T[] | undefined): readonly T[] | undefined {
  return items === undefined || items.length === 0 ? undefined : items;
}
