import type { Host } from './host.ts';
import type { CallOptions } from './kubectl.ts';
import { runKubectl } from './run-kubectl.ts';

export interface DrainOptions extends CallOptions {
  readonly force: boolean;
  readonly ignoreDaemonsets: boolean;
  readonly deleteEmptydir: boolean;
  /** -1 = each pod's own. */
  readonly gracePeriodSeconds: number;
  /** 0 = for ever. */
  readonly timeoutSeconds: number;
  /** Do not wait for pods whose grace is over: the node's kubelet will never tell that they ended. */
  readonly skipSilent: boolean;
  readonly onProgress: (words: string) => void;
}

export interface PodRef {
  readonly namespace: string;
  readonly name: string;
}

/** What became of a drain. */
export interface DrainReport {
  readonly drained: boolean;
  readonly evicted: number;
  /** Pods whose eviction was refused to the end, with the API's reason. */
  readonly refused: readonly (PodRef & { readonly reason: string })[];
  /** Pods that were asked to go and had not gone at the end. */
  readonly going: readonly PodRef[];
  /** Pods that kubectl does not touch with these options; `option` would let it. */
  readonly untouched: readonly { readonly option: string; readonly pods: string }[];
  /** kubectl's last words, for what is none of these. */
  readonly stderr: string;
}

/** What kubectl may take beyond its own time limit to give up. */
const MARGIN_MS = 60_000;

/** Cordons a Node and evicts its pods, with the kubectl of a server. Rejects as `Host.run` does, not for pods that stay. */
export async function drainNode(host: Host, name: string, options: DrainOptions): Promise<DrainReport> {
  const { timeoutSeconds, onProgress, signal, dataDir } = options;
  const words = new DrainWords(onProgress);
  const result = await runKubectl(host, ['drain', name, ...drainFlags(options)], {
    what: `Draining ${name}`,
    allowFailure: true,
    dataDir,
    ...(signal !== undefined && { signal }),
    timeoutMs: timeoutSeconds > 0 ? timeoutSeconds * 1000 + MARGIN_MS : NO_LIMIT_MS,
    onStdout: (chunk) => words.feed('stdout', chunk),
    onStderr: (chunk) => words.feed('stderr', chunk),
  });
  return words.report(result.exitCode === 0, result.stderr);
}

const NO_LIMIT_MS = 24 * 3_600_000;

function drainFlags(options: DrainOptions): readonly string[] {
  return [
    ...(options.force ? ['--force'] : []),
    ...(options.ignoreDaemonsets ? ['--ignore-daemonsets'] : []),
    ...(options.deleteEmptydir ? ['--delete-emptydir-data'] : []),
    `--grace-period=${options.gracePeriodSeconds}`,
    `--timeout=${options.timeoutSeconds}s`,
    ...(options.skipSilent ? ['--skip-wait-for-delete-timeout=1'] : []),
  ];
}

/** `evicting pod default/web-1`, on stderr or stdout as the version likes it. */
const EVICTING = /^evicting pod (?:"?)([^\s/"]+)\/([^\s"]+)/;
/** `pod/web-1 evicted`: without a namespace. */
const EVICTED = /^pod\/(\S+) (?:evicted|deleted)/;
/** `error when evicting pods/"web-1" -n "default" (will retry after 5s): …`; older ones: `error when evicting pod "web-1" (…`. */
const REFUSED = /^error when evicting pods?[ /]"([^"]+)"(?: -n "([^"]+)")? \(will retry[^)]*\): (.*)$/;
/** `cannot delete Pods declare no controller (use --force to override): default/bare, default/other`. */
const UNTOUCHED =
  /cannot delete ([^:;]+?) \(use (--[a-z-]+)[^)]*\): ([^;\n\]]+?)(?=, cannot delete|[;\n\]]|, continuing|$)/g;

/** Understands kubectl's lines as they come. */
class DrainWords {
  readonly #onProgress: (words: string) => void;
  readonly #rest = { stdout: '', stderr: '' };
  readonly #asked = new Map<string, PodRef>();
  /** By name alone: kubectl does not tell the namespace of a pod that is gone. */
  readonly #gone = new Set<string>();
  readonly #refused = new Map<string, PodRef & { readonly reason: string }>();

  constructor(onProgress: (words: string) => void) {
    this.#onProgress = onProgress;
  }

  feed(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    const lines = `${this.#rest[stream]}${chunk.toString()}`.split('\n');
    this.#rest[stream] = lines.pop() ?? '';
    for (const line of lines) this.#read(line.trim());
  }

  #read(line: string): void {
    const [, namespace, name] = EVICTING.exec(line) ?? [];
    if (namespace !== undefined && name !== undefined) {
      const pod = { namespace, name };
      this.#asked.set(keyOf(pod), pod);
      this.#onProgress(`evicts ${keyOf(pod)}`);
      return;
    }
    const gone = EVICTED.exec(line)?.[1];
    if (gone !== undefined) {
      this.#gone.add(gone);
      this.#onProgress(`${gone} is gone, ${this.#gone.size} of ${this.#asked.size}`);
      return;
    }
    const refused = REFUSED.exec(line);
    if (refused === null) return;
    const pod = this.#find(refused[1] ?? '', refused[2]);
    this.#refused.set(keyOf(pod), { ...pod, reason: refused[3] ?? '' });
    this.#onProgress(`${keyOf(pod)} may not go yet: ${refused[3]}`);
  }

  #find(name: string, namespace: string | undefined): PodRef {
    if (namespace !== undefined) return { namespace, name };
    return [...this.#asked.values()].find((pod) => pod.name === name) ?? { namespace: 'default', name };
  }

  report(drained: boolean, stderr: string): DrainReport {
    for (const stream of ['stdout', 'stderr'] as const) this.feed(stream, Buffer.from('\n'));
    const evicted = this.#gone.size;
    if (drained) return { drained, evicted, refused: [], going: [], untouched: [], stderr };
    const stays = ({ name }: PodRef) => !this.#gone.has(name);
    return {
      drained,
      evicted,
      refused: [...this.#refused.values()].filter(stays),
      going: [...this.#asked].flatMap(([key, pod]) => (stays(pod) && !this.#refused.has(key) ? [pod] : [])),
      untouched: untouchedPods(stderr),
      stderr,
    };
  }
}

function untouchedPods(stderr: string): DrainReport['untouched'] {
  const byOption = new Map<string, string>();
  for (const [, , option = '', pods = ''] of stderr.matchAll(UNTOUCHED)) byOption.set(option, pods.trim());
  return [...byOption].map(([option, pods]) => ({ option, pods }));
}

function keyOf({ namespace, name }: PodRef): string {
  return `${namespace}/${name}`;
}
