import type { Limit } from './nodes/parse-limit.ts';

export interface OutputFlags {
  readonly output: 'text' | 'json';
}

/** Of commands that go to hosts: where did the time go? */
export interface TraceFlags {
  /** The file that the trace goes to. */
  readonly trace?: string;
  readonly timings?: boolean;
}

/** Flags that every command takes which reads a cluster.yml. */
export interface CommonFlags extends OutputFlags, TraceFlags {
  /** At least one; later files win. */
  readonly config: readonly string[];
  readonly verbose?: boolean;
  readonly local?: boolean;
  readonly ignoreCheck?: readonly string[];
}

/** Of commands that refuse to go back unless they are told to. */
export interface ForceFlags extends CommonFlags {
  readonly force?: boolean;
}

/** What decides about the steps; `plan` and `up` take the same. */
export interface ShapeFlags extends CommonFlags {
  readonly updateAddons?: boolean;
  readonly disablePortCheck?: boolean;
  readonly keepDrift?: boolean;
  readonly replace?: readonly string[];
  /** Nodes that go back to the version before an upgrade; nothing else is done then. */
  readonly rollbackNode?: readonly string[];
  readonly target?: readonly string[];
  readonly only?: 'workers';
  /** RKE1's word for `--only workers`. */
  readonly updateOnly?: boolean;
  readonly artifacts?: string;
  readonly version?: string;
  readonly channel?: string;
}

export interface PlanFlags extends ShapeFlags {
  /** Where the plan is saved for `apply`. */
  readonly out?: string;
  /** False with --no-diff. */
  readonly diff: boolean;
  /** False: nobody is asked, the state is taken at its word. */
  readonly refresh: boolean;
  /** Draws the steps, in place of the text unless `outGraph` says where to. */
  readonly graph?: 'mermaid' | 'svg';
  readonly outGraph?: string;
}

export interface ApplyFlags extends CommonFlags {
  readonly concurrency: number;
  readonly timeout: number;
  /** In place of what the file says. */
  readonly fanOut?: number;
  /** True when the person or the environment named the cluster files. */
  readonly configGiven: boolean;
}

export interface UpFlags extends ShapeFlags {
  readonly concurrency: number;
  readonly timeout: number;
  /** In place of what the file says. */
  readonly fanOut?: number;
  readonly yes?: boolean;
  /** Take a new cluster away again that does not come up. */
  readonly cleanupOnFailure?: boolean;
  /** Of `run`: after how long the hosts take the cluster away by themselves, in ms. */
  readonly ttl?: number;
}

export interface RunFlags extends Omit<UpFlags, 'timeout'> {
  /** For making the cluster and the command, in ms. */
  readonly timeout?: number;
  readonly wait?: boolean;
  readonly keepOnFailure?: boolean;
  readonly junit?: string;
}

export interface StatusFlags extends CommonFlags {
  readonly watch?: boolean;
}

export interface KubeconfigFlags extends CommonFlags {
  readonly print?: boolean;
  /** True without a file: `~/.kube/config`. */
  readonly merge?: string | true;
  readonly server?: string;
  readonly name?: string;
  readonly force?: boolean;
}

export interface ExecFlags extends CommonFlags {
  /** False with --no-sudo: as the login user. */
  readonly sudo: boolean;
  /** A line for /bin/sh instead of words. */
  readonly shell?: string;
  readonly limit?: Limit;
  readonly concurrency: number;
  /** Milliseconds. */
  readonly timeout?: number;
}

export interface LogsFlags extends CommonFlags {
  readonly follow?: boolean;
  /** As journalctl takes it. */
  readonly since?: string;
  readonly lines?: number;
  readonly unit?: readonly string[];
  readonly limit?: Limit;
}

export interface SupportBundleFlags extends CommonFlags {
  readonly out?: string;
  readonly lines: number;
}

/** Of verbs that do something to a living cluster. */
export interface MaintenanceFlags extends CommonFlags {
  readonly yes?: boolean;
  /** Show the steps and do nothing. */
  readonly plan?: boolean;
  readonly concurrency: number;
  /** How long one service may take to get READY, in ms. */
  readonly timeout: number;
}

export interface SnapshotRestoreFlags extends MaintenanceFlags {
  /** File with the server token of the snapshot's time. */
  readonly tokenFile?: string;
  /** All nodes go back to the RKE2 of its time. */
  readonly withVersion?: boolean;
  /** Only with the file of its time. */
  readonly withConfig?: boolean;
  /** False: no snapshot of how it is now is taken before. */
  readonly safetySnapshot?: boolean;
}

export interface EtcdResetFlags extends MaintenanceFlags {
  /** Name of the server whose data become the cluster's. */
  readonly node?: string;
}

export interface TokenCreateFlags extends CommonFlags {
  /** After how long it ends, in ms. */
  readonly ttl: number;
  readonly description?: string;
}

export interface CertRotateFlags extends MaintenanceFlags {
  readonly rotateCa?: boolean;
  readonly force?: boolean;
  readonly service?: readonly string[];
  readonly node?: readonly string[];
}

export interface CertCheckFlags extends CommonFlags {
  readonly warnDays: number;
  readonly node?: readonly string[];
  /** A line for every certificate. */
  readonly all?: boolean;
}

export interface GenerateCsrFlags extends OutputFlags {
  readonly certDir: string;
  readonly caCert?: string;
  readonly caKey?: string;
}

export interface RemoveFlags extends CommonFlags {
  readonly yes?: boolean;
  readonly keepSnapshots?: string;
  readonly ignoreUnreachable?: boolean;
  readonly concurrency: number;
}

export interface ConvertFlags extends OutputFlags {
  /** Where the new file goes; stdout when absent. */
  readonly out?: string;
  /** Where the story of each key goes as JSON. */
  readonly report?: string;
  /** The release to write as kubernetes_version. */
  readonly version?: string;
  readonly check?: boolean;
  readonly verbose?: boolean;
}

export interface ConfigFlags extends CommonFlags {
  readonly empty?: boolean;
  readonly minimal?: boolean;
  readonly force?: boolean;
}

export interface ConfigShowFlags extends CommonFlags {
  readonly origin?: boolean;
}

export interface RenderFlags extends CommonFlags {
  readonly refresh?: boolean;
}

export interface ConfigImagesFlags extends CommonFlags {
  readonly arch?: string;
}

export interface AdoptFlags extends CommonFlags {
  /** As given: each may hold several, with commas between them. */
  readonly hosts?: readonly string[];
  readonly user?: string;
  readonly sshKey?: string;
  readonly bastion?: string;
  /** What the cluster is to be called. */
  readonly name?: string;
  readonly partial?: boolean;
  readonly print?: boolean;
}
