import type { NodeKey } from '../domain/cluster.ts';
import type { Delivery } from './delivery.ts';
import type { Outside } from './taker.ts';

/** How often in a row a node that had bytes of the URL before may try in vain. */
const MOST_FAILURES = 4;

/**
 * Which nodes cannot fetch from the release's URL. One that never got a byte from it is not sent there again; one that did
 * is, as servers restart and connections fall. `onUnreached` is told once of each node that gives up.
 */
export class UrlTries {
  readonly #onUnreached: (key: NodeKey, url: string, why: string) => void;
  readonly #hopeless = new Map<NodeKey, string>();
  readonly #failures = new Map<NodeKey, number>();

  constructor(onUnreached: (key: NodeKey, url: string, why: string) => void) {
    this.#onUnreached = onUnreached;
  }

  /** Why the node does not try any more; null: it may. */
  whyNot(key: NodeKey): string | null {
    return this.#hopeless.get(key) ?? null;
  }

  /** A whole file has come from there. */
  succeed(key: NodeKey): void {
    this.#failures.set(key, 0);
  }

  /** Where the bytes of a file may come from that no node has; null while another node is about to have some. */
  outsideFor({ peer, upload }: Delivery, all: Iterable<Delivery>): Outside | null {
    if (upload.origin === undefined) return 'operator';
    if (this.whyNot(peer.key) === null) return 'url';
    for (const other of all)
      if (
        other.upload.sha256 === upload.sha256 &&
        this.whyNot(other.peer.key) === null &&
        other.fetch !== 'flowing'
      )
        return null;
    return 'operator';
  }

  /** A fetch ended before the file was whole; resolves when the node may be sent somewhere again. */
  async end(key: NodeKey, url: string, gained: boolean, why: string): Promise<void> {
    const before = gained ? 0 : this.#failures.get(key);
    const failures = (before ?? MOST_FAILURES) + 1;
    this.#failures.set(key, failures);
    if (failures > MOST_FAILURES) {
      if (this.#hopeless.has(key)) return;
      const words = why === '' ? 'the connection ended early' : why;
      this.#hopeless.set(key, words);
      this.#onUnreached(key, url, words);
    } else if (!gained) {
      await new Promise((resolve) => setTimeout(resolve, 1_000 * 2 ** (failures - 2)));
    }
  }
}
