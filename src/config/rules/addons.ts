import { listManifestObjects, type ManifestObjects, objectKey } from '../../rke2/manifest-objects.ts';
import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt, type Mistake, type Path } from '../finding.ts';
import { lookUpLocalFile } from '../local-file.ts';
import { isHttpUrl } from '../schema/scalars.ts';
import type { RuleContext } from './rule.ts';

/** Manifests must be such that Kubernetes can take them, and no object may stand in two places. */
export function checkAddons(draft: ClusterDraft, context: RuleContext): readonly Finding[] {
  const owners = new Map<string, string>();
  return [
    ...(draft.addons === undefined ? [] : checkInline(draft.addons, owners)),
    ...(draft.addons_include ?? []).flatMap((place, index) =>
      place === undefined ? [] : checkInclude(place, ['addons_include', index], context, owners),
    ),
  ];
}

const TRY = 'Mend it; `kubectl apply --dry-run=client -f FILE` tries a manifest.';

function checkInline(text: string, owners: Map<string, string>): readonly Finding[] {
  const path = ['addons'];
  if (PLACE.test(text.trim())) return [findingAt(path, explainPlace(text.trim()))];
  const found = listManifestObjects(text);
  return [
    ...found.mistakes.map(({ column, line, message }): Finding => {
      const mistake: Mistake = {
        code: 'addon-broken',
        message: `Line ${line} of \`addons\` is nothing that Kubernetes takes: ${message}.`,
        hint: TRY,
      };
      return { ...findingAt(path, mistake), within: { line, column } };
    }),
    ...checkObjects(found, path, '`addons`', owners),
  ];
}

/** One word that ends like the name of a manifest, or a URL. */
const PLACE = /^(https?:\/\/\S+|\S+\.(ya?ml|json))$/;

function explainPlace(place: string): Mistake {
  return {
    code: 'addon-broken',
    message: '`addons` holds the text of manifests, and here it is the name of a place where one lies.',
    hint: `Write \`addons_include: [${place}]\` instead.`,
  };
}

function checkInclude(
  place: string,
  path: Path,
  context: RuleContext,
  owners: Map<string, string>,
): readonly Finding[] {
  if (isHttpUrl(place)) return [];
  const file = lookUpLocalFile(place, context);
  if (!('text' in file)) return [findingAt(path, file)];
  const found = listManifestObjects(file.text);
  const broken = found.mistakes.map(({ line, message }) =>
    findingAt(path, {
      code: 'addon-broken',
      message: `Line ${line} of ${place} is nothing that Kubernetes takes: ${message}.`,
      hint: TRY,
    }),
  );
  const empty: Mistake = {
    code: 'addon-empty',
    severity: 'warning',
    message: `There is nothing in ${place} that could be applied.`,
    hint: 'Take it out of the list, or look whether another file is meant.',
  };
  const isEmpty = found.mistakes.length + found.objects.length === 0;
  return [
    ...broken,
    ...(isEmpty ? [findingAt(path, empty)] : []),
    ...checkObjects(found, path, place, owners),
  ];
}

function checkObjects(
  { objects, places }: ManifestObjects,
  path: Path,
  place: string,
  owners: Map<string, string>,
): readonly Finding[] {
  const gone = new Set<string>();
  return objects.flatMap((object, index): readonly Finding[] => {
    const findings: Finding[] = [];
    const owner = owners.get(objectKey(object));
    if (owner !== undefined) {
      findings.push(
        findingAt(path, {
          code: 'addon-object-twice',
          severity: 'warning',
          message: `${object.kind} ${object.name} stands twice${owner === place ? ` in ${owner}` : `, in ${owner} and in ${place}`}; only one of them can hold.`,
          hint: 'Take one of them out.',
        }),
      );
    }
    owners.set(objectKey(object), place);
    const since = endOf(object.apiVersion, object.kind);
    const served = `${object.apiVersion} ${object.kind}`;
    if (since !== null && !gone.has(served)) {
      gone.add(served);
      findings.push(
        findingAt(path, {
          code: 'addon-api-gone',
          severity: 'warning',
          message: `Kubernetes has no ${object.kind} in ${object.apiVersion} any more since ${since}; ${object.name} in ${place} will not be applied.`,
          hint: 'Write it for an API that there is: https://kubernetes.io/docs/reference/using-api/deprecation-guide/ names it.',
        }),
      );
    }
    const within = places[index];
    return path.length > 1 || !within ? findings : findings.map((finding) => ({ ...finding, within }));
  });
}

/** APIs that clusters of RKE1 had, and the release that took each away. */
const ENDED: readonly (readonly [apiVersion: string, kinds: RegExp, release: string])[] = [
  ['extensions/v1beta1', /^Ingress$/, '1.22'],
  ['extensions/v1beta1', /^(?!Ingress$)/, '1.16'],
  ['apps/v1beta1', /./, '1.16'],
  ['apps/v1beta2', /./, '1.16'],
  ['networking.k8s.io/v1beta1', /^Ingress(Class)?$/, '1.22'],
  ['rbac.authorization.k8s.io/v1beta1', /./, '1.22'],
  ['rbac.authorization.k8s.io/v1alpha1', /./, '1.22'],
  ['apiextensions.k8s.io/v1beta1', /./, '1.22'],
  ['admissionregistration.k8s.io/v1beta1', /WebhookConfiguration$/, '1.22'],
  ['apiregistration.k8s.io/v1beta1', /./, '1.22'],
  ['certificates.k8s.io/v1beta1', /^CertificateSigningRequest$/, '1.22'],
  ['coordination.k8s.io/v1beta1', /./, '1.22'],
  ['scheduling.k8s.io/v1beta1', /./, '1.22'],
  ['storage.k8s.io/v1beta1', /^(CSIDriver|CSINode|StorageClass|VolumeAttachment)$/, '1.22'],
  ['batch/v1beta1', /./, '1.25'],
  ['discovery.k8s.io/v1beta1', /./, '1.25'],
  ['policy/v1beta1', /./, '1.25'],
  ['node.k8s.io/v1beta1', /./, '1.25'],
  ['autoscaling/v2beta1', /./, '1.25'],
  ['autoscaling/v2beta2', /./, '1.26'],
];

function endOf(apiVersion: string, kind: string): string | null {
  return ENDED.find(([api, kinds]) => api === apiVersion && kinds.test(kind))?.[2] ?? null;
}
