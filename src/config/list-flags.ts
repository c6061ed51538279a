import { type Component, componentOfArgKey } from '../rke2/component-flags.ts';
import type { ClusterDraft } from './draft.ts';
import type { Path } from './finding.ts';
import { COMPONENTS, type ServiceName } from './keys/services/component.ts';

/** A flag that the file gives to a component. */
export interface WrittenFlag {
  readonly component: Component;
  /** With dashes, where the file may have underscores. */
  readonly name: string;
  /** null when it could not be understood. */
  readonly value: string | null;
  readonly path: Path;
  /** The key that holds it: `extra_args`, `extra_args_array`, or one of RKE2's own. */
  readonly from: string;
  /** Whether the flag's name is the key in the file, and not a part of the text. */
  readonly isKey: boolean;
}

/** Every flag of every component, from `services` and from the keys of RKE2's own that hold flags. */
export function listFlags(draft: ClusterDraft): readonly WrittenFlag[] {
  const services = (Object.keys(COMPONENTS) as ServiceName[]).flatMap((service) => [
    ...listSingle(service, draft),
    ...listRepeated(service, draft),
  ]);
  const maps: readonly (readonly [Path, unknown])[] = [
    [['rke2', 'server'], draft.rke2?.server],
    [['rke2', 'agent'], draft.rke2?.agent],
    ...(draft.nodes ?? []).map((node, index): [Path, unknown] => [
      ['nodes', index, 'rke2'],
      node && 'rke2' in node ? node.rke2 : undefined,
    ]),
  ];
  return [...services, ...maps.flatMap(([path, values]) => listOwn(path, values))];
}

function listSingle(service: ServiceName, draft: ClusterDraft): readonly WrittenFlag[] {
  return Object.entries(draft.services?.[service]?.extra_args ?? {}).map(([name, value]) => ({
    component: COMPONENTS[service],
    name: plainName(name),
    value: value === undefined ? null : String(value),
    path: ['services', service, 'extra_args', name],
    from: 'extra_args',
    isKey: true,
  }));
}

function listRepeated(service: ServiceName, draft: ClusterDraft): readonly WrittenFlag[] {
  return Object.entries(draft.services?.[service]?.extra_args_array ?? {}).flatMap(([name, values]) =>
    (values ?? []).map((value, index) => ({
      component: COMPONENTS[service],
      name: plainName(name),
      value: value === undefined ? null : String(value),
      path: ['services', service, 'extra_args_array', name, ...(index === 0 ? [] : [index])],
      from: 'extra_args_array',
      isKey: index === 0,
    })),
  );
}

function listOwn(path: Path, values: unknown): readonly WrittenFlag[] {
  if (typeof values !== 'object' || values === null) return [];
  return Object.entries(values).flatMap(([key, value]) => {
    const component = componentOfArgKey(key);
    if (component === null) return [];
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    return items.flatMap((item, index) => {
      if (typeof item !== 'string' || !/^[A-Za-z]/.test(item)) return [];
      const [name = '', ...rest] = item.split('=');
      return [
        {
          component,
          name: plainName(name.replace(/[+-]$/, '')),
          value: rest.join('='),
          path: Array.isArray(value) ? [...path, key, index] : [...path, key],
          from: key,
          isKey: false,
        },
      ];
    });
  });
}

/** Components take an underscore in a flag's name for a dash. */
function plainName(written: string): string {
  return written.replaceAll('_', '-');
}
