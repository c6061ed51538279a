import { CONFIG_KEYS, type ConfigKey, findConfigKey, findNeededVersion } from '../../rke2/config-keys.ts';
import { parseVersion } from '../../rke2/version.ts';
import type { ClusterDraft } from '../draft.ts';
import { type Finding, findingAt, listNames, type Mistake, showValue } from '../finding.ts';
import { findNearestName } from '../nearest-name.ts';
import { ownedKeys, RESERVED_KEYS } from '../owned-keys.ts';

type Side = 'server' | 'agent';

/** Keys of RKE2's own config.yaml: RKE2 must know them, take them on that side, and leave them to the person. */
export function checkRke2Values(draft: ClusterDraft): readonly Finding[] {
  return (['server', 'agent'] as const).flatMap((side) =>
    Object.entries(draft.rke2?.[side] ?? {}).flatMap(([name, value]) => {
      const path = ['rke2', side, name];
      const refused = refuseRke2Key(name, side, draft);
      if (refused) return [findingAt(path, refused, 'key')];
      const mistake = value === undefined ? null : checkRke2Value(name, value);
      return mistake ? [findingAt(path, mistake)] : [];
    }),
  );
}

const OWNERS = {
  owned: ['rke2-key-owned', 'cannot be set here; rke2ctl takes care of it'],
  later: ['rke2-key-not-yet', 'is not supported yet'],
  node: ['rke2-key-per-node', 'belongs to one node, and here it would hold for all of them'],
} as const;

/**
 * Why the key cannot stand in the config.yaml of that service; null when it can. For one node alone (`node`) only what is
 * reserved is refused, since no other key of the file says it there.
 */
export function refuseRke2Key(
  name: string,
  side: Side,
  draft: ClusterDraft,
  reach: 'cluster' | 'node' = 'cluster',
): Mistake | null {
  const owner = (reach === 'cluster' ? ownedKeys() : RESERVED_KEYS).get(name);
  if (owner && !(owner.fate === 'node' && reach === 'node')) {
    const [code, words] = OWNERS[owner.fate];
    return { code, message: `\`${name}\` ${words}.`, hint: owner.hint };
  }
  const key = findConfigKey(name);
  if (!key) return explainUnknown(name, side);
  if (side === 'agent' && key.side === 'server') {
    return {
      code: 'rke2-key-side',
      message: `\`${name}\` is a setting of servers; rke2-agent does not know it.`,
      hint: 'Move it to `rke2.server`.',
    };
  }
  const version = parseVersion(draft.kubernetes_version ?? '');
  const needed = version && findNeededVersion(key, version);
  if (!needed) return null;
  return {
    code: 'rke2-key-version',
    message: `RKE2 ${draft.kubernetes_version} does not know \`${name}\` yet, and would pass over it.`,
    hint: `Leave it out, or set \`kubernetes_version\` to ${needed} or later.`,
  };
}

function explainUnknown(name: string, side: Side): Mistake {
  const usable = CONFIG_KEYS.filter((key) => side === 'server' || key.side === 'both').map((key) => key.name);
  const nearest = findNearestName(name, usable);
  const owner = nearest === null ? undefined : ownedKeys().get(nearest);
  const guess = owner ? `Perhaps \`${nearest}\` is meant. ${owner.hint}` : `Did you mean \`${nearest}\`?`;
  return {
    code: 'rke2-key-unknown',
    message: `RKE2 has no key \`${name.slice(0, 80)}\` in its config.yaml, and would pass over it.`,
    hint:
      nearest === null
        ? 'Look it up in RKE2’s reference of server or agent configuration, or leave it out.'
        : guess,
  };
}

type Value = NonNullable<NonNullable<NonNullable<ClusterDraft['rke2']>['server']>[string]>;

/** What is wrong with the value of a key that RKE2 knows; null for others. */
export function checkRke2Value(name: string, value: Value): Mistake | null {
  const key = findConfigKey(name);
  return key && checkValue(key, value);
}

function checkValue(key: ConfigKey, value: Value): Mistake | null {
  const isList = typeof value === 'object';
  const say = (must: string, hint: string): Mistake => ({
    code: 'rke2-value',
    message: `\`${key.name}\` is ${showValue(value)}; it must be ${must}.`,
    hint,
  });
  switch (key.type) {
    case 'flag':
      return typeof value === 'boolean'
        ? null
        : say('`true` or `false`', `Write \`${key.name}: true\`, without quotes.`);
    case 'number':
      return Number.isInteger(value)
        ? null
        : say('a whole number', `Write such as \`${key.name}: 5\`, without quotes.`);
    case 'duration':
      return typeof value === 'string' && /^(\d+(\.\d+)?(ns|us|ms|s|m|h))+$/.test(value)
        ? null
        : say('a time with its unit', `Write such as \`${key.name}: 10m\`.`);
    case 'text':
      if (typeof value === 'string') return checkChoice(key, [value]);
      return say(
        'text',
        isList ? 'Write one value, not a list.' : `Put it in quotes: \`${key.name}: "${value}"\`.`,
      );
    case 'list':
      return checkChoice(key, isList ? value : [value]) ?? checkArguments(key, isList ? value : [value]);
  }
}

function checkChoice(key: ConfigKey, items: readonly unknown[]): Mistake | null {
  const { values } = key;
  const wrong = values && items.find((item) => !values.includes(String(item)));
  if (!values || wrong === undefined) return null;
  const nearest = findNearestName(String(wrong), values);
  return {
    code: 'rke2-value',
    message: `\`${key.name}\` is ${showValue(wrong)}; RKE2 takes ${listNames(values)}.`,
    hint: nearest ? `Did you mean \`${nearest}\`?` : `Choose ${listNames(values)}.`,
  };
}

/** Arguments of components are `name=value`: RKE2 puts the dashes before them itself. */
function checkArguments(key: ConfigKey, items: readonly unknown[]): Mistake | null {
  if (!key.name.endsWith('-arg')) return null;
  const wrong = items.find((item) => !/^[A-Za-z]/.test(String(item)));
  if (wrong === undefined) return null;
  const plain = String(wrong).replace(/^-+/, '');
  return {
    code: 'rke2-value',
    message: `\`${key.name}\` holds ${showValue(wrong)}; arguments are written without dashes in front.`,
    hint: /^[A-Za-z]/.test(plain) ? `Write \`"${plain}"\`.` : 'Write such as `"name=value"`.',
  };
}
