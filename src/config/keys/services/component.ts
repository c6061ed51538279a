import * as z from 'zod';
import { showValue } from '../../finding.ts';
import { BindSchema } from '../../schema/bind.ts';
import { checked, text } from '../../schema/scalars.ts';
import { config, mapped, warned } from '../key.ts';

/** A component of Kubernetes: its name in RKE1's `services`, and how RKE2's keys for it begin. */
export const COMPONENTS = {
  etcd: 'etcd',
  'kube-api': 'kube-apiserver',
  'kube-controller': 'kube-controller-manager',
  scheduler: 'kube-scheduler',
  kubelet: 'kubelet',
  kubeproxy: 'kube-proxy',
} as const;

export type ServiceName = keyof typeof COMPONENTS;

/** Whether pure workers run the component as well. */
export function runsOnAgents(service: ServiceName): boolean {
  return service === 'kubelet' || service === 'kubeproxy';
}

const ArgumentSchema = z.union([z.string(), z.number(), z.boolean()], {
  error: 'must be text, a number, `true` or `false`',
});

const ArgumentsSchema = z.record(z.string(), ArgumentSchema, {
  error: 'must be a map of flags, one `name: value` per line',
});

const ArgumentListsSchema = z.record(
  z.string(),
  z.array(ArgumentSchema, { error: 'must be a list of values' }),
  { error: 'must be a map of flags, each with a list of values' },
);

const VariableSchema = checked(text('must be text such as `NAME=value`'), (written) =>
  /^[A-Za-z_][\w.-]*=/.test(written)
    ? null
    : { message: `${showValue(written)} is not a variable with its value.`, hint: 'Write `NAME=value`.' },
);

/** The flags of a component, which all six of them take in the same way. */
export function argumentKeys(service: ServiceName, flag: string) {
  const component = COMPONENTS[service];
  const becomes = [config(`${component}-arg`)];
  return {
    extra_args: mapped(ArgumentsSchema, {
      description: `Flags of ${component}, each with one value; names without dashes in front.`,
      examples: [{ [flag]: '4' }],
      becomes,
    }),
    extra_args_array: mapped(ArgumentListsSchema, {
      description: `Flags of ${component} that are given several times.`,
      examples: [{ [flag]: ['4'] }],
      becomes,
    }),
  };
}

/** Mounts and environment of a component that runs in a container. */
export function containerKeys(service: Exclude<ServiceName, 'kubelet'>) {
  const component = COMPONENTS[service];
  return {
    extra_binds: mapped(z.array(BindSchema, { error: 'must be a list of mounts' }), {
      description: `Files and directories of the host that ${component} sees as well: \`source:target[:ro]\`. \`z\` and \`Z\` are dropped: RKE2 changes no SELinux labels.`,
      examples: [['/opt/data:/opt/data:ro']],
      becomes: [config(`${component}-extra-mount`)],
    }),
    extra_env: mapped(z.array(VariableSchema, { error: 'must be a list of `NAME=value`' }), {
      description: `Environment variables of ${component}.`,
      examples: [['GODEBUG=x509sha1=1']],
      becomes: [config(`${component}-extra-env`)],
    }),
  };
}

/** The kubelet is no container in RKE2. */
export const HOST_PROCESS_KEYS = {
  extra_binds: warned({
    description: 'Further paths of the host that the kubelet’s container saw.',
    why: 'The kubelet runs on the host itself there, and sees all of its paths already.',
    instead: 'Leave the key out.',
  }),
  extra_env: warned({
    description: 'Environment variables of the kubelet’s container.',
    why: 'The kubelet is a child of RKE2’s service there, and has the environment of that.',
    instead: 'Leave the key out; for a proxy write `proxy` at the top of the file.',
  }),
};

/** What RKE1 had for every component and RKE2 has no use for. */
export function lostKeys(service: ServiceName) {
  const component = COMPONENTS[service];
  const imageKey = service === 'kubelet' ? null : `${component}-image`;
  const windows = { why: 'rke2ctl sets up Linux nodes only.', instead: 'Leave the key out.' };
  return {
    image: warned({
      description: `The image of ${component}, which RKE1 itself passed over in its later versions.`,
      why: 'The images follow from the version of RKE2, and those of RKE1 would not run there.',
      instead:
        imageKey === null
          ? 'Leave the key out.'
          : `Leave the key out; an image of your own, made for RKE2, goes to \`rke2.server.${imageKey}\`.`,
    }),
    win_extra_args: warned({ description: `Flags of ${component} on Windows nodes.`, ...windows }),
    win_extra_args_array: warned({
      description: `Repeated flags of ${component} on Windows nodes.`,
      ...windows,
    }),
    win_extra_binds: warned({ description: `Mounts of ${component} on Windows nodes.`, ...windows }),
    win_extra_env: warned({
      description: `Environment variables of ${component} on Windows nodes.`,
      ...windows,
    }),
  };
}
