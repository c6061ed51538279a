import type { Rke2Value } from '../../domain/cluster.ts';
import type { ClusterInput } from '../keys/cluster.ts';
import { COMPONENTS, runsOnAgents, type ServiceName } from '../keys/services/component.ts';
import { parseBind } from '../schema/bind.ts';
import type { Contribution } from './contribution.ts';
import { listAdmissionPlugins } from './resolve-admission.ts';

type Values = Record<string, Rke2Value>;

const SERVICES = Object.keys(COMPONENTS) as ServiceName[];

/** Flags, mounts and environment of the components, and what else of `services` is a plain key of RKE2. */
export function contributeServices(input: ClusterInput): Partial<Contribution> {
  const server: Values = {};
  const agent: Values = {};
  const put = (service: ServiceName, ending: string, items: readonly string[]) => {
    if (items.length === 0) return;
    server[`${COMPONENTS[service]}-${ending}`] = items;
    if (runsOnAgents(service)) agent[`${COMPONENTS[service]}-${ending}`] = items;
  };
  for (const service of SERVICES) {
    put(service, 'arg', listArguments(service, input));
    const settings = service === 'kubelet' ? undefined : input.services?.[service];
    put(service, 'extra-mount', (settings?.extra_binds ?? []).map(toMount));
    put(service, 'extra-env', settings?.extra_env ?? []);
  }
  const range = input.services?.['kube-api']?.service_node_port_range;
  if (range !== undefined) server['service-node-port-range'] = range;
  const pause = input.services?.kubelet?.infra_container_image;
  if (pause !== undefined) server['pause-image'] = agent['pause-image'] = pause;
  return { server, agent };
}

/** What is asked of every node's safety; an etcd user of its own is the servers' business. */
export function contributeHardening({ profile, selinux }: ClusterInput): Partial<Contribution> {
  const both = selinux === undefined ? {} : { selinux };
  if (profile === undefined) return { server: both, agent: both };
  return { server: { profile, ...both }, agent: { ...(profile === 'cis' && { profile }), ...both } };
}

/** The component's flags as `name=value`: our own, then those of the file, which are the last word. */
function listArguments(service: ServiceName, input: ClusterInput): readonly string[] {
  if (service === 'etcd') return etcdArguments(input);
  const { extra_args: single = {}, extra_args_array: repeated = {} } = input.services?.[service] ?? {};
  const { [PLUGINS]: plugins, ...others } = single;
  return [
    ...(service === 'kubelet' ? kubeletArguments(input) : []),
    ...(service === 'kube-api'
      ? admissionArguments(input, plugins)
      : plugins === undefined
        ? []
        : [`${PLUGINS}=${plugins}`]),
    ...Object.entries(others).map(([flag, value]) => `${flag}=${value}`),
    ...Object.entries(repeated).flatMap(([flag, values]) => values.map((value) => `${flag}=${value}`)),
  ];
}

const PLUGINS = 'enable-admission-plugins';

/** One flag for the plugins that the file names and those that its other keys need. */
function admissionArguments(input: ClusterInput, written: unknown): readonly string[] {
  const needed = listAdmissionPlugins(input.services?.['kube-api'] ?? {});
  const named =
    written === undefined
      ? []
      : String(written)
          .split(',')
          .map((name) => name.trim());
  const plugins = [...new Set([...named, ...needed])];
  return plugins.length === 0 ? [] : [`${PLUGINS}=${plugins.join(',')}`];
}

/** Flags of etcd that take several values. */
const ETCD_LISTS: ReadonlySet<string> = new Set(['cipher-suites', 'log-outputs']);

/** RKE2 makes keys of etcd's configuration file of them: a flag that comes twice would only have its last value. */
function etcdArguments({ services }: ClusterInput): readonly string[] {
  const single = Object.entries(services?.etcd?.extra_args ?? {}).map(([flag, value]) => {
    const isList = ETCD_LISTS.has(flag) && !String(value).startsWith('[');
    return isList ? `${flag}=[${value}]` : `${flag}=${value}`;
  });
  const repeated = Object.entries(services?.etcd?.extra_args_array ?? {}).map(
    ([flag, values]) => `${flag}=[${values.join(',')}]`,
  );
  return [...single, ...repeated];
}

function kubeletArguments(input: ClusterInput): readonly string[] {
  const failSwapOn = input.services?.kubelet?.fail_swap_on;
  return failSwapOn === undefined ? [] : [`fail-swap-on=${failSwapOn}`];
}

/** RKE2's form of a mount, without what only Docker knows. The bind has passed its schema. */
function toMount(written: string): string {
  const bind = parseBind(written);
  if ('message' in bind) return written;
  return [bind.source, bind.target, ...(bind.mode === null ? [] : [bind.mode])].join(':');
}
