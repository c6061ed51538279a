import { findConfigKey, findNeededVersion } from '../../rke2/config-keys.ts';
import { parseVersion } from '../../rke2/version.ts';
import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt } from '../finding.ts';
import { hasNginxSettings } from '../resolve/resolve-ingress.ts';
import { chartValueAt } from './chart-value-at.ts';

type IngressDraft = NonNullable<ClusterDraft['ingress']>;

/** The minor release whose community build has no ingress-nginx any more. */
const LAST_NGINX_MINOR = 36;

/** The ingress controller: whether the release has it, and whether its settings fit each other. */
export function checkIngress(draft: ClusterDraft): readonly Finding[] {
  const { ingress } = draft;
  if (!ingress || ('provider' in ingress && ingress.provider === undefined)) return [];
  const names = ingress.provider === undefined ? null : [ingress.provider].flat();
  const hasSettings = hasNginxSettings(ingress);
  const isNginx = names?.includes('nginx') ?? hasSettings;
  return [
    ...(isNginx ? [warnOfNginx(draft, names !== null), ...checkPorts(ingress)] : []),
    ...(names !== null && !isNginx && hasSettings ? [settingsWithoutNginx(names[0] ?? '')] : []),
    ...(names?.includes('nginx') && names.includes('traefik') ? checkBoth(draft) : []),
    ...(names?.includes('traefik') ? checkTraefikVersion(draft) : []),
  ];
}

function warnOfNginx(draft: ClusterDraft, isNamed: boolean): Finding {
  const version = parseVersion(draft.kubernetes_version ?? '');
  const isGone = version !== null && (version.major > 1 || version.minor > LAST_NGINX_MINOR);
  const path = isNamed ? ['ingress', 'provider'] : ['ingress'];
  if (isGone) {
    return findingAt(path, {
      code: 'ingress-nginx-gone',
      message: `RKE2 ${draft.kubernetes_version} has no ingress-nginx any more; v1.${LAST_NGINX_MINOR} was the last to have it.`,
      hint: 'Write `provider: traefik`, and look through the annotations of your Ingresses: Traefik understands most of nginx’s, not all.',
    });
  }
  const named = isNamed ? 'ingress-nginx' : 'This section means ingress-nginx, which';
  return findingAt(path, {
    code: 'ingress-nginx-ending',
    severity: 'warning',
    message: `${named} is kept, but its end is near: its project ended in March 2026, and RKE2 leaves it out from v1.${LAST_NGINX_MINOR + 1} on.`,
    hint: 'Plan the move to Traefik; `provider: [nginx, traefik]` runs both meanwhile.',
  });
}

function settingsWithoutNginx(provider: string): Finding {
  const message = `The other keys of \`ingress\` are nginx's; with \`provider: ${provider}\` they have no effect.`;
  const hint =
    provider === 'none'
      ? 'Leave them out.'
      : 'Leave them out; `chart_values.rke2-traefik` takes Traefik’s own settings.';
  return findingAt(
    ['ingress'],
    { code: 'ingress-settings-unused', severity: 'warning', message, hint },
    'key',
  );
}

function checkPorts(ingress: IngressDraft): readonly Finding[] {
  const http = Number(ingress.http_port || 80);
  const https = Number(ingress.https_port || 443);
  const mode = ingress.network_mode ?? 'hostPort';
  if (mode === 'hostPort') {
    if (http !== https) return [];
    const key = ingress.https_port ? 'https_port' : 'http_port';
    return [
      findingAt(['ingress', key], {
        code: 'ingress-ports-equal',
        message: `HTTP and HTTPS would both be on port ${http}.`,
        hint: 'Give them different ports, such as 80 and 443.',
      }),
    ];
  }
  return (['http_port', 'https_port'] as const).flatMap((key) =>
    ingress[key]
      ? [
          findingAt(
            ['ingress', key],
            {
              code: 'ingress-port-unused',
              severity: 'warning',
              message: `\`${key}\` is for \`network_mode: hostPort\`; with \`${mode}\` it has no effect.`,
              hint: 'Leave it out.',
            },
            'key',
          ),
        ]
      : [],
  );
}

/** Two controllers cannot take the same ports of a host: the second one's pods would wait for ever. */
function checkBoth(draft: ClusterDraft): readonly Finding[] {
  const { ingress } = draft;
  const nginxHttp = Number(ingress?.http_port || 80);
  const nginxHttps = Number(ingress?.https_port || 443);
  const traefikHttp = chartValueAt(draft, 'rke2-traefik', 'ports.web.hostPort');
  const traefikHttps = chartValueAt(draft, 'rke2-traefik', 'ports.websecure.hostPort');
  const isApart =
    ingress?.network_mode === 'none' ||
    chartValueAt(draft, 'rke2-ingress-nginx', 'controller.hostPort') !== undefined ||
    ((traefikHttp === undefined ? 80 : traefikHttp) !== nginxHttp &&
      (traefikHttps === undefined ? 443 : traefikHttps) !== nginxHttps);
  if (isApart) return [];
  return [
    findingAt(['ingress', 'provider'], {
      code: 'ingress-ports-shared',
      message:
        'nginx and Traefik would both take ports 80 and 443 of every node, and one of them would never start.',
      hint: 'Move Traefik: `chart_values: {rke2-traefik: {ports: {web: {hostPort: 8000}, websecure: {hostPort: 8443}}}}`.',
    }),
  ];
}

function checkTraefikVersion(draft: ClusterDraft): readonly Finding[] {
  const version = parseVersion(draft.kubernetes_version ?? '');
  const key = findConfigKey('ingress-controller');
  const needed = version && key && findNeededVersion(key, version);
  if (!needed) return [];
  return [
    findingAt(['ingress', 'provider'], {
      code: 'ingress-traefik-version',
      message: `RKE2 ${draft.kubernetes_version} brings no Traefik yet.`,
      hint: `Write \`provider: nginx\`, or set \`kubernetes_version\` to ${needed} or later.`,
    }),
  ];
}
