import type { ObjectStore } from './object-store.ts';
import { builtin } from './resource-catalog.ts';

/** An answer in plain text. */
export interface TextAnswer {
  readonly code: number;
  readonly text: string;
}

/** The named checks of an endpoint; each tells whether it holds. */
type Checks = Readonly<Record<string, () => Promise<boolean>>>;

const HEALTH_PATH = /^\/(healthz|livez|readyz)(?:\/(.+))?$/;
const ETCD_TIMEOUT_MS = 2_000;

async function isEtcdAlive(store: ObjectStore): Promise<boolean> {
  try {
    await store.find(builtin('namespaces'), '', 'kube-system', ETCD_TIMEOUT_MS);
    return true;
  } catch {
    return false;
  }
}

function checksFor(endpoint: string, store: ObjectStore, isStarted: () => boolean): Checks {
  const etcd = (): Promise<boolean> => isEtcdAlive(store);
  const base: Checks = {
    ping: async () => true,
    log: async () => true,
    etcd,
    'poststarthook/start-system-namespaces-controller': async () => isStarted(),
  };
  return endpoint === 'readyz' ? { ...base, 'etcd-readiness': etcd, shutdown: async () => true } : base;
}

/** Answers /healthz, /livez and /readyz (also `?verbose`, `?exclude=`, and one check by name); undefined for other paths. */
export async function answerHealth(
  url: URL,
  store: ObjectStore,
  isStarted: () => boolean,
): Promise<TextAnswer | undefined> {
  const [, endpoint, only] = HEALTH_PATH.exec(url.pathname) ?? [];
  if (endpoint === undefined) return undefined;
  const checks = checksFor(endpoint, store, isStarted);
  const excluded = new Set(url.searchParams.getAll('exclude'));
  const names = Object.keys(checks).filter((name) =>
    only === undefined ? !excluded.has(name) : name === only,
  );
  if (only !== undefined && names.length === 0) return { code: 404, text: '404 page not found\n' };
  const results = await Promise.all(
    names.map(async (name) => ({ name, isOk: (await checks[name]?.()) === true })),
  );
  const lines = results.map(({ name, isOk }) =>
    isOk ? `[+]${name} ok` : `[-]${name} failed: reason withheld`,
  );
  const isHealthy = results.every(({ isOk }) => isOk);
  if (!isHealthy) return { code: 500, text: `${lines.join('\n')}\n${endpoint} check failed\n` };
  const isVerbose = url.searchParams.has('verbose') && only === undefined;
  return { code: 200, text: isVerbose ? `${lines.join('\n')}\n${endpoint} check passed\n` : 'ok' };
}
