import type { JsonMap } from '../../domain/cluster.ts';
import type { ClusterInput } from '../keys/cluster.ts';
import { ADMISSION_PATH } from '../keys/services/kube-api.ts';
import type { Contribution } from './contribution.ts';
import { yamlText } from './yaml-text.ts';

type ApiInput = NonNullable<NonNullable<ClusterInput['services']>['kube-api']>;

const DEFAULT_RATE: JsonMap = {
  apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1',
  kind: 'Configuration',
  limits: [{ type: 'Server', qps: 5000, burst: 20_000 }],
};

/** Namespaces whose pods RKE2 itself exempts when it restricts them. */
const EXEMPT = ['kube-system', 'compliance-operator-system', 'tigera-operator'];

/**
 * One AdmissionConfiguration from the three keys that RKE1 had for it; what `admission_configuration` says of a plugin
 * wins. RKE2 hands the file to the API server instead of its own, so that the file says what that would have said.
 */
export function contributeAdmission(input: ClusterInput): Partial<Contribution> {
  const api = input.services?.['kube-api'] ?? {};
  const written = api.admission_configuration;
  const isRestricted = api.pod_security_configuration === 'restricted';
  const loosens = api.pod_security_configuration === 'privileged' && input.profile === 'cis';
  const limitsEvents = api.event_rate_limit?.enabled === true;
  if (written === undefined && !isRestricted && !loosens && !limitsEvents) return {};
  const plugins = [...pluginsOf(written)];
  const add = (name: string, configuration: JsonMap) => {
    if (!plugins.some((plugin) => plugin['name'] === name)) plugins.push({ name, configuration });
  };
  if (limitsEvents) add('EventRateLimit', api.event_rate_limit?.configuration ?? DEFAULT_RATE);
  const level = api.pod_security_configuration ?? (input.profile === 'cis' ? 'restricted' : 'privileged');
  add('PodSecurity', podSecurity(level));
  const configuration: JsonMap = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AdmissionConfiguration',
    ...written,
    plugins,
  };
  return {
    server: { 'pod-security-admission-config-file': ADMISSION_PATH },
    files: [{ path: ADMISSION_PATH, content: yamlText(configuration), on: 'servers' }],
  };
}

/** The admission plugins that are turned on beyond those of Kubernetes' own defaults, NodeRestriction among them as RKE2 has it. */
export function listAdmissionPlugins(api: ApiInput): readonly string[] {
  const added = [
    ...(api.always_pull_images === true ? ['AlwaysPullImages'] : []),
    ...(api.event_rate_limit?.enabled === true ? ['EventRateLimit'] : []),
  ];
  return added.length === 0 ? [] : ['NodeRestriction', ...added];
}

/** The plugins of an AdmissionConfiguration; entries that are no maps are left out. */
export function pluginsOf(configuration: { readonly plugins?: unknown } | undefined): readonly JsonMap[] {
  const plugins: unknown = configuration?.plugins;
  return Array.isArray(plugins) ? plugins.filter(isMap) : [];
}

function podSecurity(level: 'privileged' | 'restricted'): JsonMap {
  const head = { apiVersion: 'pod-security.admission.config.k8s.io/v1', kind: 'PodSecurityConfiguration' };
  if (level === 'privileged') {
    return { ...head, defaults: { enforce: 'privileged', 'enforce-version': 'latest' } };
  }
  const modes = ['enforce', 'audit', 'warn'].flatMap((mode) => [
    [mode, 'restricted'],
    [`${mode}-version`, 'latest'],
  ]);
  return {
    ...head,
    defaults: Object.fromEntries(modes),
    exemptions: { usernames: [], runtimeClasses: [], namespaces: EXEMPT },
  };
}

function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
