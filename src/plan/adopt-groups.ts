import type { FoundHost } from '../domain/found-host.ts';
import type { AdoptedFiles } from '../domain/state.ts';
import { sha256 } from '../lib/hash.ts';
import type { RenderedFile } from '../render/rendered-file.ts';
import {
  AGENT_TOKEN_PATH,
  CONFIG_PATH,
  REGISTRIES_PATH,
  SECRETS_DROPIN_PATH,
  SERVER_TOKEN_PATH,
} from '../rke2/paths.ts';

export interface GroupInput {
  readonly found: FoundHost;
  /** What we would write there. */
  readonly files: readonly RenderedFile[];
  /** True when config.yaml and its drop-ins, as found, say what ours says. */
  readonly sameConfig: boolean;
  /** True when registries.yaml, as found, says what ours says; also when neither is there. */
  readonly sameRegistries: boolean;
  /** For a manifest of ours the file, on this host, whose text it is; null: none lies here, and none need. */
  readonly manifestSource: (path: string) => string | null;
}

const SETTINGS: ReadonlySet<string> = new Set([
  CONFIG_PATH,
  SECRETS_DROPIN_PATH,
  SERVER_TOKEN_PATH,
  AGENT_TOKEN_PATH,
]);

/**
 * What of a host's files stands in for ours: its settings with the tokens (as one, since ours belong together),
 * registries.yaml, and each manifest. What says something else than ours is left out, so that a plan shows it.
 */
export function adoptGroups(input: GroupInput): readonly AdoptedFiles[] {
  const { files } = input;
  const settings = files.filter(({ path }) => SETTINGS.has(path));
  const registries = files.filter(({ path }) => path === REGISTRIES_PATH);
  const manifests = files.filter(({ path, readAtStart }) => !readAtStart && !SETTINGS.has(path));
  return [
    ...(input.sameConfig ? [settingsGroup(settings, input.found)] : []),
    ...(input.sameRegistries && registries.length > 0 ? [registriesGroup(registries, input.found)] : []),
    ...manifests.map((file) => manifestGroup(file, input)),
  ];
}

function settingsGroup(ours: readonly RenderedFile[], { files, facts }: FoundHost): AdoptedFiles {
  const present = files.config.map(({ path, sha256: hash }) => [path, hash] as const);
  return {
    found: { ...asTheyAre(ours, facts), ...Object.fromEntries(present) },
    standFor: hashesOf(ours),
  };
}

function registriesGroup(ours: readonly RenderedFile[], { files, facts }: FoundHost): AdoptedFiles {
  const { registries } = files;
  const place = registries === null ? {} : { [registries.path]: registries.sha256 };
  return { found: { ...asTheyAre(ours, facts), ...place }, standFor: hashesOf(ours) };
}

function manifestGroup(ours: RenderedFile, { found, manifestSource }: GroupInput): AdoptedFiles {
  const source = found.files.manifests.find(({ path }) => path === manifestSource(ours.path));
  return {
    found: {
      ...asTheyAre([ours], found.facts),
      ...(source === undefined ? {} : { [source.path]: source.sha256 }),
    },
    standFor: hashesOf([ours]),
  };
}

/** What lies in the places of our files now. */
function asTheyAre(
  files: readonly RenderedFile[],
  { rke2 }: FoundHost['facts'],
): Readonly<Record<string, string | null>> {
  return Object.fromEntries(files.map(({ path }) => [path, rke2.files[path]?.sha256 ?? null]));
}

function hashesOf(files: readonly RenderedFile[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    files.flatMap(({ path, content }) => (content === null ? [] : [[path, sha256(content)]])),
  );
}
