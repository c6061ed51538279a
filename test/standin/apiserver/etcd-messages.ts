/** The messages of etcd's JSON gateway that this server reads; 64-bit numbers come as decimal strings. */
export interface EtcdKeyValue {
  readonly key: string;
  readonly value?: string;
  readonly mod_revision: string;
  readonly create_revision: string;
}

interface EtcdHeader {
  readonly revision: string;
}

export interface EtcdRangeResponse {
  readonly header: EtcdHeader;
  readonly kvs?: readonly EtcdKeyValue[];
}

export interface EtcdTxnResponse {
  readonly header: EtcdHeader;
  readonly succeeded?: boolean;
}

interface EtcdEvent {
  /** Absent for a PUT. */
  readonly type?: 'DELETE';
  readonly kv: EtcdKeyValue;
  readonly prev_kv?: EtcdKeyValue;
}

export interface EtcdWatchResponse {
  readonly header: EtcdHeader;
  readonly created?: boolean;
  readonly canceled?: boolean;
  readonly compact_revision?: string;
  readonly cancel_reason?: string;
  readonly events?: readonly EtcdEvent[];
}

/** Keys and values travel as base64. */
export function encodeText(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

/** The text of a key or value; an absent value is empty. */
export function decodeText(base64: string | undefined): string {
  return Buffer.from(base64 ?? '', 'base64').toString('utf8');
}

/** The `range_end` that makes a range cover every key with this prefix (which ends in `/`). */
export function endOfPrefix(prefix: string): string {
  return `${prefix.slice(0, -1)}0`;
}
