import type { KubeObject } from '../kube-object.ts';
import { type ObjectStore, REGISTRY } from '../object-store.ts';
import { builtin, RESOURCES, type ResourceType } from '../resource-catalog.ts';

const BY_STORAGE = new Map(RESOURCES.map((resource) => [resource.storage, resource]));
/** Kinds that change all the time without giving controllers work. */
const QUIET_STORAGES = new Set([builtin('leases').storage, builtin('events').storage]);

function storageOf(key: string): string {
  const [first = '', second = ''] = key.slice(REGISTRY.length).split('/');
  const both = `${first}/${second}`;
  return BY_STORAGE.has(both) ? both : first;
}

/** All objects of the cluster in memory, kept up to date by one watch; what controllers look at. */
export class ClusterView {
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  #revision: bigint;
  #isChanged = true;
  #wake: (() => void)[] = [];

  constructor(objects: ReadonlyMap<string, KubeObject>, resourceVersion: string) {
    for (const [key, object] of objects) this.#folder(storageOf(key)).set(key, object);
    this.#revision = BigInt(resourceVersion);
  }

  static async load(store: ObjectStore): Promise<ClusterView> {
    const { objects, resourceVersion } = await store.listAll();
    return new ClusterView(objects, resourceVersion);
  }

  /** Follows the store until the signal aborts; throws when the history is gone. */
  async follow(store: ObjectStore, signal: AbortSignal): Promise<void> {
    for await (const change of store.watch(REGISTRY, String(this.#revision), signal)) {
      const storage = storageOf(change.key);
      if (change.object === undefined) this.#folder(storage).delete(change.key);
      else this.#folder(storage).set(change.key, change.object);
      this.#revision = BigInt(change.resourceVersion);
      if (!QUIET_STORAGES.has(storage)) this.#isChanged = true;
      for (const wake of this.#wake.splice(0)) wake();
    }
  }

  /** Waits until a revision has been seen, or the time is over. */
  async catchUp(revision: bigint, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (this.#revision < revision && Date.now() < deadline) await this.#nextEvent(deadline - Date.now());
  }

  /** Waits until something changed that may give work, or the time is over. */
  async waitForChange(timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!this.#isChanged && Date.now() < deadline) await this.#nextEvent(deadline - Date.now());
    this.#isChanged = false;
  }

  list(resource: ResourceType): readonly KubeObject[] {
    return [...this.#folder(resource.storage).values()];
  }

  find(resource: ResourceType, namespace: string, name: string): KubeObject | undefined {
    const path = resource.namespaced ? `${namespace}/${name}` : name;
    return this.#folder(resource.storage).get(`${REGISTRY}${resource.storage}/${path}`);
  }

  #folder(storage: string): Map<string, KubeObject> {
    const known = this.#objects.get(storage);
    if (known !== undefined) return known;
    const folder = new Map<string, KubeObject>();
    this.#objects.set(storage, folder);
    return folder;
  }

  #nextEvent(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
