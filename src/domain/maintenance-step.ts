import type { NodeKey } from './cluster.ts';
import type { EncryptionProvider, EncryptionStage } from './secrets-encryption.ts';

/** What only the verbs on a living cluster do, and moves of servers: each as a step of domain/plan.ts, less what all have. */
export type MaintenanceStep =
  | {
      /** Stops RKE2's service; with `containers` also everything that it left running. */
      readonly kind: 'stop-service';
      readonly containers: boolean;
    }
  | {
      /** Takes a stopped node's certificates out of use; its next start makes new ones. */
      readonly kind: 'rotate-certificates';
      /** In the words of `rke2 certificate rotate`; empty: all. */
      readonly services: readonly string[];
    }
  | {
      /** Ends when each port shows another certificate than before, one that is in force. */
      readonly kind: 'verify-certificates';
      /** `before`: SHA-256 of the certificate that was shown; null: none was. */
      readonly ports: readonly { readonly port: number; readonly before: string | null }[];
    }
  | {
      /** Gives the cluster the server token that the state holds as its next; its nodes need it from their next start on. */
      readonly kind: 'rotate-token';
    }
  | {
      /** Brings the keys that encrypt Secrets one stage on, on one server; the others learn it when they start anew. */
      readonly kind: 'change-encryption-keys';
      readonly stage: EncryptionStage;
      /** Name of the key that is to be replaced. */
      readonly before: string;
    }
  | {
      /** Ends when all servers have the same new key and every Secret is stored with it. */
      readonly kind: 'verify-encryption';
      readonly before: string;
      readonly provider: EncryptionProvider;
      /** The control planes, each of which must be able to read all Secrets. */
      readonly planes: readonly NodeKey[];
      /** Whose etcd is looked into; null: the datastore is somebody else's. */
      readonly etcd: NodeKey | null;
    }
  | {
      /** Puts a snapshot from the operator's machine onto the node, and reads there that all of it came. */
      readonly kind: 'place-snapshot';
      /** Absolute path on the operator's machine. */
      readonly source: string;
      readonly name: string;
      readonly sha256: string;
      readonly sizeBytes: number;
    }
  | {
      /**
       * Makes the node's etcd a cluster of one: with the data of a snapshot that was placed, or with its own. `mark`
       * tells this reset from any before; `leftBehind` are the ids of members that take no part and keep databases of
       * before, `forgotten` those of members that are gone for good.
       */
      readonly kind: 'reset-etcd';
      readonly snapshot: string | null;
      readonly mark: string;
      readonly leftBehind: readonly string[];
      readonly forgotten: readonly string[];
    }
  | {
      /** Moves a stopped server's etcd database aside, so that its next start joins anew; `mark` as of `reset-etcd`. */
      readonly kind: 'move-database';
      readonly mark: string;
    }
  | {
      /** Deletes every Node but `keep`, and what keeps a `fresh` machine from taking over a name that is known. */
      readonly kind: 'prune-nodes';
      readonly via: readonly NodeKey[];
      readonly keep: readonly string[];
      readonly fresh: readonly string[];
    }
  | {
      /** Lets the node's etcd give the space of deleted data back to its disk. */
      readonly kind: 'defragment';
    }
  | {
      /** Puts new CAs into the cluster's own data; servers take them when they start anew. */
      readonly kind: 'rotate-authorities';
      /** The old ones do not vouch for them. */
      readonly force: boolean;
    }
  | {
      /** The verb has come to its end: the state says so. */
      readonly kind: 'end-operation';
    };
