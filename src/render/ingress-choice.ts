import type { IngressController, Rke2Values } from '../domain/cluster.ts';
import { findConfigKey, findNeededVersion } from '../rke2/config-keys.ts';
import { parseVersion } from '../rke2/version.ts';

/**
 * The keys by which a release of that version deploys these ingress controllers; null leaves it to the release. Releases
 * that do not know `ingress-controller` have ingress-nginx and nothing else, and `disable` takes it away. `disabled` is
 * what config.yaml disables anyway.
 */
export function ingressValues(
  controllers: readonly IngressController[] | null,
  version: string,
  disabled: Rke2Values[string] = [],
): Rke2Values {
  if (controllers === null) return {};
  const key = findConfigKey('ingress-controller');
  const parsed = parseVersion(version);
  const isUnknown = key !== null && parsed !== null && findNeededVersion(key, parsed) !== null;
  if (!isUnknown) return { 'ingress-controller': controllers };
  return controllers.includes('none')
    ? { disable: [...new Set([disabled].flat()), 'rke2-ingress-nginx'] }
    : {};
}
