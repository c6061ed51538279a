import type { NodeKey } from '../domain/cluster.ts';
import type { Chunk } from '../host/damaged-chunks.ts';
import type { Upload } from '../host/run-receive.ts';
import type { Peer } from './peer.ts';

/** One node that takes one file. */
export interface Delivery {
  readonly peer: Peer;
  readonly upload: Upload;
  /** Ends its present source. */
  leave: AbortController;
  /** Where its bytes came from, in turn: from which byte on, and which node gave them; null for nobody's. */
  readonly parts: { readonly start: number; readonly giver: NodeKey | null }[];
  /** It fetches from the URL just now; once bytes have come from there it is `flowing`. */
  fetch: 'not' | 'trying' | 'flowing';
  /** What it had when its present source began. */
  startBytes: number;
  /** What an earlier run left is gone on from, and may be of another file. */
  isDoubtful: boolean;
}

/** The node has nothing yet. */
export function startDelivery(peer: Peer, upload: Upload): Delivery {
  return {
    peer,
    upload,
    leave: new AbortController(),
    parts: [{ start: 0, giver: null }],
    fetch: 'not',
    startBytes: 0,
    isDoubtful: false,
  };
}

/**
 * Nodes that gave one of these chunks from its beginning to its end: of what several gave nobody knows whose part is wrong.
 * Null stands for chunks that are not known.
 */
export function giversOf({ parts, upload }: Delivery, chunks: readonly Chunk[] | null): readonly NodeKey[] {
  const wrong = chunks ?? [{ start: 0, end: upload.sizeBytes }];
  const alone = wrong.flatMap((chunk) => {
    const givers = new Set<NodeKey | null>();
    for (const [index, { start, giver }] of parts.entries()) {
      const end = parts[index + 1]?.start ?? upload.sizeBytes;
      if (Math.max(start, chunk.start) < Math.min(end, chunk.end)) givers.add(giver);
    }
    return givers.size === 1 ? [...givers] : [];
  });
  return [...new Set(alone)].filter((giver) => giver !== null);
}
