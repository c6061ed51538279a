import * as z from 'zod';
import { showValue } from '../finding.ts';
import { JsonMapSchema } from '../schema/json-map.ts';
import { isDnsSubdomain } from '../schema/labels.ts';
import { checked, FlagSchema, LocalPathSchema, text } from '../schema/scalars.ts';
import { file, group, own, required } from './key.ts';

/** The manifest that a chart becomes; `*` is its name. */
const CHART_FILE = file('/var/lib/rancher/rke2/server/manifests/rke2ctl-chart-*.yaml');

/** The manifest that values of a chart become. */
const VALUES_FILE = file('/var/lib/rancher/rke2/server/manifests/rke2ctl-values-*.yaml');

/** The names of HelmChart and release; Helm takes 53 letters. */
const ChartNameSchema = checked(text('must be a name'), (name) =>
  /^[a-z0-9]([a-z0-9-]{0,51}[a-z0-9])?$/.test(name)
    ? null
    : {
        message: `${showValue(name)} cannot be the name of a chart's release.`,
        hint: 'At most 53 small letters, digits and dashes; the first and the last are letters or digits.',
      },
);

const NamespaceSchema = checked(text('must be a namespace'), (name) =>
  isDnsSubdomain(name) && !name.includes('.') && name.length <= 63
    ? null
    : {
        message: `${showValue(name)} cannot be a namespace.`,
        hint: 'At most 63 small letters, digits and dashes, such as `cert-manager`.',
      },
);

const RepoSchema = checked(text('must be the address of a chart repository'), (repo) =>
  /^https?:\/\/[^/\s]+/i.test(repo)
    ? null
    : {
        message: `${showValue(repo)} is not the address of a chart repository.`,
        hint: repo.startsWith('oci://')
          ? 'Leave `repo` out, and write the whole address as `chart`: `oci://registry.example.com/charts/name`.'
          : 'Write its URL, such as `https://charts.jetstack.io`.',
      },
);

const CHART_KEYS = {
  name: required(
    own(ChartNameSchema, {
      description: 'Name of the release, and of the HelmChart in kube-system.',
      examples: ['cert-manager'],
      becomes: [CHART_FILE],
    }),
  ),
  namespace: own(NamespaceSchema, {
    description: 'Namespace that the chart is installed into.',
    examples: ['cert-manager'],
    default: '`default`',
    becomes: [CHART_FILE],
  }),
  create_namespace: own(FlagSchema, {
    description: 'The namespace is made if it is not there.',
    examples: [true],
    default: '`true`',
    becomes: [CHART_FILE],
  }),
  chart: own(text('must be the name of a chart, `oci://…` or a URL'), {
    description: 'The chart: its name in `repo`, `oci://…`, or the URL of its archive.',
    examples: ['cert-manager', 'oci://registry.example.com/charts/app'],
    default: 'the same as `name`, where there is a `repo`',
    becomes: [CHART_FILE],
  }),
  repo: own(RepoSchema, {
    description: 'The chart repository.',
    examples: ['https://charts.jetstack.io'],
    becomes: [CHART_FILE],
  }),
  version: own(text('must be text, in quotes'), {
    description: 'Version of the chart.',
    examples: ['v1.19.0'],
    default: 'the newest in the repository',
    becomes: [CHART_FILE],
  }),
  file: own(LocalPathSchema, {
    description:
      'The packed chart (.tgz) beside cluster.yml, in place of `chart`, `repo` and `version`: for an air gap.',
    examples: ['charts/cert-manager-v1.19.0.tgz'],
    becomes: [CHART_FILE],
  }),
  values: own(JsonMapSchema, {
    description: 'Values of the chart.',
    examples: [{ crds: { enabled: true } }],
    becomes: [CHART_FILE],
  }),
  values_file: own(LocalPathSchema, {
    description: 'A YAML file with values, beside cluster.yml; those in `values` win over it.',
    examples: ['charts/cert-manager.yaml'],
    becomes: [CHART_FILE],
  }),
  bootstrap: own(FlagSchema, {
    description: 'Installed before nodes are ready: for a CNI or a cloud provider of your own.',
    examples: [true],
    default: '`false`',
    becomes: [CHART_FILE],
  }),
};

const ChartSchema = z.strictObject(CHART_KEYS, {
  error: 'must be a map that describes one chart: `name`, `chart`, `repo`, …',
});

const EXAMPLE = { name: 'cert-manager', namespace: 'cert-manager', repo: 'https://charts.jetstack.io' };

export const ChartsSection = group(z.array(ChartSchema, { error: 'must be a list of charts' }), {
  description: 'Helm charts that RKE2 installs and keeps as they are written here.',
  examples: [[EXAMPLE]],
  origin: 'rke2ctl',
});

export const ChartValuesSection = own(
  z.record(z.string(), JsonMapSchema, { error: 'must be a map of charts to their values' }),
  {
    description:
      'Values for charts that RKE2 brings itself (rke2-canal, rke2-coredns, …), by their name. They win over what other keys of this file make of the same chart.',
    examples: [{ 'rke2-cilium': { hubble: { enabled: true, relay: { enabled: true } } } }],
    becomes: [VALUES_FILE],
  },
);
