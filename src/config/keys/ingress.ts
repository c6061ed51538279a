import * as z from 'zod';
import { JsonMapSchema } from '../schema/json-map.ts';
import { NodeSelectorSchema, PriorityClassSchema, TolerationsSchema } from '../schema/pods.ts';
import { FlagSchema, PortSchema } from '../schema/scalars.ts';
import { chart, config, group, mapped } from './key.ts';
import { daemonSetStrategy } from './update-strategy.ts';

const CHART = 'rke2-ingress-nginx';

const PROVIDER = 'must be `nginx`, `traefik`, `none`, or a list such as `[traefik, nginx]`';

const ControllerSchema = z.enum(['nginx', 'traefik'], { error: 'must be `nginx` or `traefik`' });

const ProviderSchema = z.union(
  [z.enum(['nginx', 'traefik', 'none'], { error: PROVIDER }), z.array(ControllerSchema).min(1).max(2)],
  { error: PROVIDER },
);

const TextsSchema = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean()], { error: 'must be text' }),
  { error: 'must be a map of names and values' },
);

/** 0 is what RKE1's questionnaire wrote for none. */
const HostPortSchema = z.union([PortSchema, z.literal(0)], {
  error: 'must be a port number from 1 to 65535',
});

const POLICIES = ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'] as const;

const PLACE_KEYS = {
  node_selector: mapped(NodeSelectorSchema, {
    description: 'Labels of the nodes that nginx runs on.',
    examples: [{ 'ingress.example.com/gateway': 'yes' }],
    becomes: [chart(CHART, 'controller.nodeSelector')],
  }),
  tolerations: mapped(TolerationsSchema, {
    description: 'Taints that nginx tolerates.',
    examples: [[{ key: 'dedicated', operator: 'Equal', value: 'ingress', effect: 'NoSchedule' }]],
    becomes: [chart(CHART, 'controller.tolerations')],
  }),
  update_strategy: daemonSetStrategy('How nginx’s pods are replaced.', {
    type: [chart(CHART, 'controller.updateStrategy.type')],
    maxUnavailable: [chart(CHART, 'controller.updateStrategy.rollingUpdate.maxUnavailable')],
  }),
  nginx_ingress_controller_priority_class_name: mapped(PriorityClassSchema, {
    description: 'PriorityClass of nginx.',
    examples: ['system-cluster-critical'],
    becomes: [chart(CHART, 'controller.priorityClassName')],
  }),
};

const REACH_KEYS = {
  network_mode: mapped(
    z.enum(['hostPort', 'hostNetwork', 'none'], { error: 'must be `hostPort`, `hostNetwork` or `none`' }),
    {
      description:
        'How nginx is reached on its nodes: through ports of the host, on the host’s own network, or not at all.',
      examples: ['hostPort'],
      default: '`hostPort`',
      becomes: [chart(CHART, 'controller.hostPort.enabled'), chart(CHART, 'controller.hostNetwork')],
    },
  ),
  http_port: mapped(HostPortSchema, {
    description: 'Port of the hosts for HTTP, with `hostPort`. The firewall rules follow it.',
    examples: [80],
    default: '`80`',
    becomes: [chart(CHART, 'controller.hostPort.ports.http')],
  }),
  https_port: mapped(HostPortSchema, {
    description: 'Port of the hosts for HTTPS, with `hostPort`. The firewall rules follow it.',
    examples: [443],
    default: '`443`',
    becomes: [chart(CHART, 'controller.hostPort.ports.https')],
  }),
  dns_policy: mapped(
    z.enum(POLICIES, { error: 'must be `ClusterFirst`, `ClusterFirstWithHostNet`, `Default` or `None`' }),
    {
      description: 'How nginx’s pods find names.',
      examples: ['ClusterFirstWithHostNet'],
      default: '`ClusterFirstWithHostNet`',
      becomes: [chart(CHART, 'controller.dnsPolicy')],
    },
  ),
};

const CONTAINER_KEYS = {
  options: mapped(TextsSchema, {
    description: 'nginx’s ConfigMap. Variables of nginx stay what they are.',
    examples: [{ 'map-hash-bucket-size': '128', 'ssl-protocols': 'TLSv1.2 TLSv1.3' }],
    verbatim: true,
    becomes: [chart(CHART, 'controller.config')],
  }),
  extra_args: mapped(TextsSchema, {
    description: 'Flags of the controller, without dashes in front; an empty value is a flag without one.',
    examples: [{ 'default-ssl-certificate': 'ingress-nginx/ingress-default-cert' }],
    becomes: [
      chart(CHART, 'controller.extraArgs'),
      chart(CHART, 'controller.containerPort.http'),
      chart(CHART, 'controller.containerPort.https'),
    ],
  }),
  extra_envs: mapped(
    z.array(JsonMapSchema, { error: 'must be a list of variables, as Kubernetes writes them' }),
    {
      description: 'Environment of the controller.',
      examples: [[{ name: 'TZ', value: 'Europe/Berlin' }]],
      becomes: [chart(CHART, 'controller.extraEnvs')],
    },
  ),
  extra_volumes: mapped(
    z.array(JsonMapSchema, { error: 'must be a list of volumes, as Kubernetes writes them' }),
    {
      description: 'Volumes of the controller.',
      examples: [[{ name: 'certs', hostPath: { path: '/etc/ssl/ingress' } }]],
      becomes: [chart(CHART, 'controller.extraVolumes')],
    },
  ),
  extra_volume_mounts: mapped(
    z.array(JsonMapSchema, { error: 'must be a list of mounts, as Kubernetes writes them' }),
    {
      description: 'Where the controller finds those volumes.',
      examples: [[{ name: 'certs', mountPath: '/certs' }]],
      becomes: [chart(CHART, 'controller.extraVolumeMounts')],
    },
  ),
};

/** The ingress controller: RKE1's section, with Traefik beside nginx. */
const INGRESS_KEYS = {
  provider: mapped(ProviderSchema, {
    description:
      'The ingress controller; of two the first has the default class. The other keys of this section are nginx’s, and mean nginx where this one is not written.',
    examples: ['nginx', 'traefik', 'none'],
    default: 'RKE2’s own choice: `traefik` from v1.36 on, before that `nginx`',
    becomes: [config('ingress-controller')],
  }),
  ...REACH_KEYS,
  ...CONTAINER_KEYS,
  ...PLACE_KEYS,
  default_backend: mapped(FlagSchema, {
    description: 'A pod that answers what no Ingress does.',
    examples: [false],
    default: '`false`',
    becomes: [chart(CHART, 'defaultBackend.enabled')],
  }),
  default_http_backend_priority_class_name: mapped(PriorityClassSchema, {
    description: 'PriorityClass of that pod.',
    examples: ['system-cluster-critical'],
    becomes: [chart(CHART, 'defaultBackend.priorityClassName')],
  }),
  default_ingress_class: mapped(FlagSchema, {
    description: 'nginx’s class is what an Ingress without a class gets.',
    examples: [true],
    becomes: [chart(CHART, 'controller.ingressClassResource.default')],
  }),
};

/** The section as the whole file has it. */
export const IngressSection = group(
  z.strictObject(INGRESS_KEYS, { error: 'must be a map with `provider`, `network_mode`, …' }),
  { description: 'The ingress controller.', examples: [{ provider: 'nginx' }] },
);
