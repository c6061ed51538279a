import type { Upload } from '../host/run-receive.ts';
import type { Peer } from './peer.ts';

/** One node that takes one file. */
export interface Delivery {
  readonly peer: Peer;
  readonly upload: Upload;
  /** Ends its present source. */
  leave: AbortController;
  /** Other nodes have given it something. */
  isFromNode: boolean;
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
    isFromNode: false,
    fetch: 'not',
    startBytes: 0,
    isDoubtful: false,
  };
}
