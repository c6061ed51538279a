import { DEFAULTS } from '../defaults.ts';
import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt, type Mistake, type Path } from '../finding.ts';
import { lookUpLocalFile } from '../local-file.ts';
import { checkCertificates, checkPrivateKey } from '../schema/pem.ts';
import { checkRegistryName, configHost, registryEndpoint, registryHost } from '../schema/registry-host.ts';
import type { RuleContext } from './rule.ts';

type Registries = NonNullable<ClusterDraft['registries']>;
type Tls = NonNullable<NonNullable<NonNullable<NonNullable<Registries['configs']>[string]>>['tls']>;

/** `registries`: names that images can have, files that are there, and nothing that `private_registries` says otherwise. */
export function checkRegistries(draft: ClusterDraft, context: RuleContext): readonly Finding[] {
  return [...checkMirrors(draft), ...checkConfigs(draft, context), ...checkSwitches(draft)];
}

function checkMirrors(draft: ClusterDraft): readonly Finding[] {
  return Object.entries(draft.registries?.mirrors ?? {}).flatMap(([name, mirror]) => {
    const path = ['registries', 'mirrors', name];
    const wrong = checkRegistryName(name);
    if (wrong) return [findingAt(path, wrong, 'key')];
    const other = findPrivateMirror(draft, name);
    const isOther =
      other !== null && mirror?.endpoints !== undefined && !mirror.endpoints.includes(other.endpoint);
    const conflict: Mistake = {
      code: 'registry-twice',
      message: `Here ${name} is pulled from elsewhere than entry ${(other?.entry ?? 0) + 1} of \`private_registries\` says (${other?.endpoint}).`,
      hint: `Add \`${other?.endpoint}\` to the \`endpoints\` here, or take the entry out of \`private_registries\`.`,
    };
    return [
      ...(isOther ? [findingAt([...path, 'endpoints'], conflict)] : []),
      ...Object.keys(mirror?.rewrites ?? {}).flatMap((expression) => {
        const mistake = checkExpression(expression);
        return mistake ? [findingAt([...path, 'rewrites', expression], mistake, 'key')] : [];
      }),
    ];
  });
}

/** The mirror of `name` that an entry of `private_registries` asks for. */
function findPrivateMirror(
  draft: ClusterDraft,
  name: string,
): { readonly endpoint: string; readonly entry: number } | null {
  for (const [entry, registry] of (draft.private_registries ?? []).entries()) {
    const url = registry?.url ?? DEFAULTS.registryUrl;
    const mirrors = registry?.is_default === true && name === 'docker.io' && registryHost(url) !== name;
    if (mirrors || (url.startsWith('http://') && registryHost(url) === name))
      return { endpoint: registryEndpoint(url), entry };
  }
  return null;
}

/** containerd compiles them with Go's regexp, which has no looking around and no references back. */
function checkExpression(expression: string): Mistake | null {
  if (!isExpression(expression)) {
    return {
      code: 'registry-rewrite',
      message: `\`${expression}\` is not a regular expression.`,
      hint: 'For example `^(.*)$: mirror/$1`, which puts `mirror/` before every path.',
    };
  }
  const foreign = /\(\?(=|!|<=|<!)|\\[1-9]/.exec(expression)?.[0];
  if (foreign === undefined) return null;
  return {
    code: 'registry-rewrite',
    message: `\`${expression}\` has \`${foreign}\` in it, which containerd's regular expressions do not know.`,
    hint: 'Write it without looking around and without references back.',
  };
}

function isExpression(expression: string): boolean {
  try {
    new RegExp(expression.replaceAll('(?P<', '(?<'));
    return true;
  } catch {
    return false;
  }
}

function checkConfigs(draft: ClusterDraft, context: RuleContext): readonly Finding[] {
  const logins = new Map(
    (draft.private_registries ?? []).flatMap((registry, entry) =>
      registry?.user === undefined
        ? []
        : [[configHost(registryHost(registry.url ?? DEFAULTS.registryUrl)), entry] as const],
    ),
  );
  return Object.entries(draft.registries?.configs ?? {}).flatMap(([host, config]) => {
    const path = ['registries', 'configs', host];
    const wrong = checkRegistryName(host);
    if (wrong) return [findingAt(path, wrong, 'key')];
    const entry = logins.get(configHost(host));
    const twice =
      config?.auth === undefined || entry === undefined
        ? []
        : [
            findingAt(
              [...path, 'auth'],
              {
                code: 'registry-twice',
                message: `Entry ${entry + 1} of \`private_registries\` has a login for ${host} already.`,
                hint: 'Keep one of the two.',
              },
              'key',
            ),
          ];
    return [...twice, ...(config?.tls === undefined ? [] : checkTls(config.tls, [...path, 'tls'], context))];
  });
}

function checkTls(tls: Tls, path: Path, context: RuleContext): readonly Finding[] {
  const findings = (['ca', 'cert', 'key'] as const).flatMap((part) => {
    const written = tls[part];
    const mistake = written === undefined ? null : checkPem(written, part, context);
    return mistake ? [findingAt([...path, part], mistake)] : [];
  });
  const present = (['cert', 'key'] as const).filter((part) => part in tls);
  if (present.length === 1) {
    const missing = present[0] === 'cert' ? 'key' : 'cert';
    findings.push(
      findingAt(
        [...path, present[0] ?? ''],
        {
          code: 'registry-credentials',
          message: `\`${present[0]}\` is of no use without \`${missing}\`.`,
          hint: `Add \`${missing}\`: certificate and private key belong together.`,
        },
        'key',
      ),
    );
  }
  return findings;
}

function checkPem(written: string, part: 'ca' | 'cert' | 'key', context: RuleContext): Mistake | null {
  const found = lookUpLocalFile(written, context);
  if (!('text' in found)) return found;
  const wrong = part === 'key' ? checkPrivateKey(found.text) : checkCertificates(found.text);
  const what = part === 'key' ? 'private key without passphrase' : 'certificate';
  return (
    wrong && {
      code: 'pem-invalid',
      message: `The file ${context.toAbsolute(written)} holds no ${what} in PEM form that can be read.`,
      hint: 'Look at it: the text goes from `-----BEGIN …-----` to `-----END …-----`.',
    }
  );
}

function checkSwitches(draft: ClusterDraft): readonly Finding[] {
  const { embedded_registry: embedded, registries } = draft;
  const hasMirrors = Object.keys(registries?.mirrors ?? {}).length > 0;
  const hasDefault = draft.private_registries?.some((each) => each?.is_default === true) ?? false;
  const findings: Finding[] = [];
  if (embedded === true && !hasMirrors) {
    findings.push(
      findingAt(
        ['embedded_registry'],
        {
          code: 'embedded-registry-idle',
          severity: 'warning',
          message:
            'The nodes share images of those registries only that have a mirror, and no mirror is named.',
          hint: 'Add `registries: {mirrors: {"*": {}}}` for all of them, or name them one by one.',
        },
        'key',
      ),
    );
  }
  if (registries?.disable_default_registry_endpoint === true && !hasMirrors && !hasDefault) {
    findings.push(
      findingAt(
        ['registries', 'disable_default_registry_endpoint'],
        {
          code: 'registry-unreachable',
          severity: 'warning',
          message: 'No registry has a mirror, so that there is none which could go unasked.',
          hint: 'Name mirrors in `registries.mirrors`, or leave the key out.',
        },
        'key',
      ),
    );
  }
  return findings;
}
