/** How one etcd member says it is. */
export interface EtcdStatus {
  /** Sixteen hex digits. */
  readonly id: string;
  readonly version: string;
  /** Of the database's file. */
  readonly dbBytes: number;
  /** What of it holds data; the rest comes back by defragmenting. */
  readonly usedBytes: number;
  /** Id of the member that it follows, or its own; null: it knows none. */
  readonly leader: string | null;
  readonly raftIndex: number;
  readonly raftTerm: number;
  /** Grows with every write; of two members the one with the greater has the newer data. */
  readonly revision: number;
  readonly learner: boolean;
  readonly errors: readonly string[];
}

/** An alarm of a member: `NOSPACE`, `CORRUPT`. */
export interface EtcdAlarm {
  /** Sixteen hex digits. */
  readonly member: string;
  readonly alarm: string;
}

/** How all members are together. */
export interface EtcdReport {
  readonly healthy: boolean;
  readonly members: readonly ReportedMember[];
  /** What is wrong with all of it together. */
  readonly problems: readonly string[];
}

/** One member in the report. */
export interface ReportedMember {
  readonly node: string;
  readonly role: 'leader' | 'voter' | 'learner' | null;
  readonly status: EtcdStatus | null;
  /** Empty: nothing is wrong with it. */
  readonly problems: readonly string[];
}
