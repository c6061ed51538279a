import * as z from 'zod';
import { OWN_FILES_DIR } from '../../../rke2/paths.ts';
import { DEFAULTS } from '../../defaults.ts';
import { showValue } from '../../finding.ts';
import { cidrs } from '../../schema/cidrs.ts';
import { checked, FlagSchema, text } from '../../schema/scalars.ts';
import { config, file, group, mapped, ours, refused } from '../key.ts';
import { AUDIT_LOG_KEYS } from './audit-log.ts';
import { argumentKeys, containerKeys, lostKeys } from './component.ts';
import { ObjectSchema } from './object.ts';

/** Where the configuration of admission plugins lies on the servers. */
export const ADMISSION_PATH = `${OWN_FILES_DIR}/admission.yaml`;

const ADMISSION = [file(ADMISSION_PATH), config('pod-security-admission-config-file')];

const PLUGINS = config('kube-apiserver-arg');

const NodePortRangeSchema = checked(text('must be text such as `30000-32767`'), (range) => {
  const match = /^(\d{1,5})-(\d{1,5})$/.exec(range);
  const first = Number(match?.[1]);
  const last = Number(match?.[2]);
  return match && first >= 1 && first < last && last <= 65535
    ? null
    : {
        message: `${showValue(range)} is not a range of ports.`,
        hint: 'Write the first and the last with a dash between them: `30000-32767`.',
      };
});

const SECRETS_ENCRYPTION_KEYS = {
  enabled: mapped(FlagSchema, {
    description: 'RKE2 always encrypts Secrets at rest, whatever stands here.',
    examples: [true],
    default: '`true`',
    becomes: [ours('nothing: it is so anyway')],
  }),
  custom_config: refused({
    description: 'An EncryptionConfiguration of one’s own.',
    why: 'RKE2 writes and rotates that file itself, and has no place for another.',
    instead:
      'Leave it out; `rke2.server.secrets-encryption-provider` takes `aescbc` (which it is without) or `secretbox`.',
  }),
};

const EVENT_RATE_LIMIT_KEYS = {
  enabled: mapped(FlagSchema, {
    description: 'Whether the API server limits how many events it takes (admission plugin EventRateLimit).',
    examples: [true],
    default: '`false`',
    becomes: [...ADMISSION, PLUGINS],
  }),
  configuration: mapped(ObjectSchema, {
    description: 'The limits: a Configuration of eventratelimit.admission.k8s.io/v1alpha1.',
    examples: [
      {
        apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1',
        kind: 'Configuration',
        limits: [{ type: 'Server', qps: 5000, burst: 20_000 }],
      },
    ],
    default: '5000 events a second for each API server, 20000 at once',
    verbatim: true,
    becomes: ADMISSION,
  }),
};

/** The API server. */
export const KUBE_API_KEYS = {
  service_cluster_ip_range: mapped(cidrs('10.43.0.0/16'), {
    description: 'CIDR of the services; one per IP family. Cannot be changed once the cluster runs.',
    examples: ['10.43.0.0/16', '10.43.0.0/16,fd00:43::/112'],
    default: `\`${DEFAULTS.serviceCidr}\``,
    becomes: [config('service-cidr')],
  }),
  service_node_port_range: mapped(NodePortRangeSchema, {
    description: 'Ports that services of type NodePort get.',
    examples: ['30000-32767'],
    default: '`30000-32767`',
    becomes: [config('service-node-port-range')],
  }),
  pod_security_configuration: mapped(
    z.enum(['privileged', 'restricted'], { error: 'must be `privileged` or `restricted`' }),
    {
      description:
        'Pod Security Standard that pods must keep to unless their namespace says otherwise; kube-system is exempt.',
      examples: ['restricted'],
      default: '`privileged`, with `profile: cis` `restricted`',
      becomes: ADMISSION,
    },
  ),
  always_pull_images: mapped(FlagSchema, {
    description: 'Whether images are pulled for every start of a pod (admission plugin AlwaysPullImages).',
    examples: [true],
    default: '`false`',
    becomes: [PLUGINS],
  }),
  secrets_encryption_config: group(
    z.strictObject(SECRETS_ENCRYPTION_KEYS, { error: 'must be a map with `enabled`' }),
    { description: 'Encryption of Secrets at rest.', examples: [{ enabled: true }] },
  ),
  audit_log: group(
    z.strictObject(AUDIT_LOG_KEYS, { error: 'must be a map with `enabled` and `configuration`' }),
    {
      description: 'The API server’s log of who did what.',
      examples: [{ enabled: true }],
    },
  ),
  admission_configuration: mapped(ObjectSchema, {
    description:
      'Configuration of admission plugins: an AdmissionConfiguration of apiserver.config.k8s.io/v1. What it says of a plugin wins over the other keys here.',
    examples: [
      {
        apiVersion: 'apiserver.config.k8s.io/v1',
        kind: 'AdmissionConfiguration',
        plugins: [{ name: 'PodSecurity', configuration: {} }],
      },
    ],
    verbatim: true,
    becomes: ADMISSION,
  }),
  event_rate_limit: group(
    z.strictObject(EVENT_RATE_LIMIT_KEYS, { error: 'must be a map with `enabled` and `configuration`' }),
    { description: 'A limit to the number of events.', examples: [{ enabled: true }] },
  ),
  pod_security_policy: refused({
    description: 'Turned PodSecurityPolicies on (older versions of RKE1).',
    why: 'Kubernetes has had none since 1.25, so that nothing would restrict pods any more.',
    instead:
      'Leave it out, and write `pod_security_configuration: restricted` here or `profile: cis` at the top of the file.',
  }),
  ...argumentKeys('kube-api', 'default-watch-cache-size'),
  ...containerKeys('kube-api'),
  ...lostKeys('kube-api'),
};
