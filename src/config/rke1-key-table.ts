/** A key of RKE1 that is refused by name. */
export interface Rke1Key {
  /** Keys from the top, `*` for every entry of a list. */
  readonly path: string;
  /** `later`: not supported yet; `gone`: RKE2 has no such thing. */
  readonly fate: 'later' | 'gone';
  /** What to do instead. */
  readonly hint: string;
  /** Values that ask for nothing beyond what happens anyway; empty ones never ask for anything. */
  readonly harmless?: readonly unknown[];
}

const LEAVE_OUT = 'Leave the key out.';

const TOP: readonly Rke1Key[] = [
  {
    path: 'addons',
    fate: 'later',
    hint: 'Leave it out, and apply the manifests with `kubectl apply -f` once the cluster is up.',
  },
  {
    path: 'addons_include',
    fate: 'later',
    hint: 'Leave it out, and apply the manifests with `kubectl apply -f` once the cluster is up.',
  },
  { path: 'addon_job_timeout', fate: 'later', hint: LEAVE_OUT },
  {
    path: 'prefix_path',
    fate: 'later',
    hint: 'Leave it out: RKE2 keeps its data in /var/lib/rancher/rke2.',
    harmless: ['/'],
  },
  { path: 'upgrade_strategy', fate: 'later', hint: LEAVE_OUT },
];

const ACCESS: readonly Rke1Key[] = [
  {
    path: 'private_registries.*.ecr_credential_plugin',
    fate: 'later',
    hint: 'Leave it out; `rke2.server.image-credential-provider-config` and `-bin-dir` can be set, and the same for `rke2.agent`.',
  },
];

/** Every key of RKE1's cluster.yml that rke2ctl knows and does not take. */
export const RKE1_KEYS: readonly Rke1Key[] = [...TOP, ...ACCESS];
