import { isIP } from 'node:net';
import { hostname, userInfo } from 'node:os';
import type { Cluster, ClusterNode, NodeKey, SshSettings } from '../domain/cluster.ts';
import type { ExitCode } from '../domain/errors.ts';
import type { RunEvent } from '../domain/event.ts';
import type { Traffic } from '../domain/traffic.ts';
import { createHost, type Host } from '../host/host.ts';
import { inspectHost } from '../host/inspect-host.ts';
import { getNodes } from '../host/kubectl.ts';
import type { LockHolder } from '../host/lock.ts';
import { probedFiles } from '../render/node-files.ts';
import { isServer } from '../rke2/roles.ts';
import { acquireLocalLock } from '../state/local-lock.ts';
import { createSealer, readPassphrase } from '../state/seal.ts';
import { statePaths } from '../state/state-paths.ts';
import { openStore } from '../state/store.ts';
import { createTransport, createTransportContext } from '../transport/create-transport.ts';
import { LocalTransport } from '../transport/local.ts';
import { openShell } from '../transport/openssh/open-shell.ts';
import { recordTransport } from '../transport/recording.ts';
import type { Transport } from '../transport/transport.ts';
import type { TransportContext } from '../transport/transport-context.ts';
import { chooseTeller } from './choose-teller.ts';
import { findCaller, localCluster, localConfigPath, readCluster } from './cluster-source.ts';
import { compileLate } from './compile-late.ts';
import type { CommonFlags, UpFlags } from './flags.ts';
import { HostSessions, type OpenHost } from './host-sessions.ts';
import { openTrace, type Trace } from './open-trace.ts';
import { createOperator } from './operator.ts';
import { refuseFewFiles } from './refuse-few-files.ts';
import { type Answers, Screen } from './screen.ts';
import { secretsOf } from './secrets-of.ts';
import { listenToSignals } from './signals.ts';
import type { ConnectHost, Signals, Workspace } from './workspace.ts';

export interface WorkspaceOptions {
  /** As it is called in messages and in the lock: `up`. */
  readonly command: string;
  readonly flags: CommonFlags & Partial<UpFlags>;
  /** True for commands that change things: they hold the local lock and every host's. */
  readonly locks: boolean;
  /** Also measures the disks of new etcd nodes, which writes and deletes a small file there. */
  readonly measureDisks?: boolean;
  /** A cluster that was made otherwise than from the files of the flags, which only give it its name then. */
  readonly loaded?: Pick<Workspace, 'cluster' | 'findings'>;
  /** Which nodes are asked at all; every one unless given. */
  readonly asks?: (node: ClusterNode) => boolean;
  /**
   * A longer look at each reached host, which asks its API server itself. With it hosts get little time: whoever waits
   * for an answer about a cluster that is half down wants it within seconds.
   */
  readonly look?: (host: Host, node: ClusterNode, context: LookContext) => Promise<void>;
  /** What the first Ctrl-C tells the person; null: nothing. Unless given, that what is in hand is finished. */
  readonly stopping?: string | null;
  /** Of a run of several commands, which listens itself. */
  readonly signals?: Signals;
  /** Hears every event as well, secrets taken out. */
  readonly watch?: (event: RunEvent) => void;
  /** What the person has typed before, where one run is made of several commands. */
  readonly answers?: Answers;
  /** True: not one word on stdout, which is somebody else's. */
  readonly quietStdout?: boolean;
  /** Replaces the real transports; tests record what goes over them. */
  readonly wrapTransport?: (transport: Transport, node: ClusterNode) => Transport;
}

export interface LookContext {
  readonly dataDir: string;
  readonly signal: AbortSignal;
}

const CONNECT_WINDOW = 50;

/** Somebody waits for it before there is a plan. */
const ASK_NODES_MS = 20_000;

const FINISHING = 'Finishing what is in hand; once more to end that too.';

/** The times of a `look`: for the connection, and for the probe. */
const LOOK_CONNECT_MS = 4_000;
const LOOK_PROBE_MS = 7_000;

/** Builds the real parts for one command, lets it work, and gives everything back however it ends. Gives what `work` gives: an exit code. */
export async function withWorkspace<T extends number = ExitCode>(
  options: WorkspaceOptions,
  work: (workspace: Workspace) => Promise<T>,
): Promise<T> {
  const { flags, command } = options;
  const caller = findCaller(process.env);
  const files = flags.local === true ? [localConfigPath(caller)] : flags.config;
  const [config = ''] = files;
  const { cluster: wanted, findings } =
    options.loaded ??
    (flags.local === true
      ? { cluster: localCluster(caller, flags), findings: [] }
      : await readCluster(files, 'run commands'));
  const cluster: Cluster =
    flags.ttl === undefined ? wanted : { ...wanted, runTtlSeconds: Math.ceil(flags.ttl / 1000) };
  refuseFewFiles(cluster.nodes.length);
  compileLate();
  const paths = statePaths(config);
  const { watch, answers, quietStdout = false, stopping = FINISHING } = options;
  const trace = await openTrace(flags);
  const watchers = [...trace.watchers, ...(watch === undefined ? [] : [watch])];
  const secrets = secretsOf(cluster);
  const screen = new Screen({ flags, paths, isRun: options.locks, secrets, watchers, answers, quietStdout });
  const signals =
    options.signals === undefined
      ? listenToSignals(() => stopping !== null && screen.tell(stopping))
      : { ...options.signals, close: () => undefined };
  screen.handle({ type: 'run-started', command, clusterName: cluster.name, config: files.join(' with ') });
  const user = userInfo().username;
  const since = Date.now();
  const closers: (() => Promise<void>)[] = [
    () => trace.close(),
    async () => screen.close(),
    async () => signals.close(),
  ];
  try {
    if (options.locks) {
      await screen.openRecords(caller);
      const lock = await acquireLocalLock(paths.lock, { user, command, since });
      closers.push(() => lock.release());
    }
    const passphrase = await readPassphrase(process.env);
    const store = screen.watchSecrets(
      openStore(paths.state, passphrase === null ? null : createSealer(passphrase)),
    );
    const holder = `${user}@${hostname()} (pid ${process.pid}), ${command}`;
    const context = createTransportContext(sshSettings(cluster, options), {
      askPassphrase: (path, attempt) => screen.askPassphrase(path, attempt),
      env: process.env,
    });
    const connect = connectHosts(context, { screen, trace }, options);
    const asked = cluster.nodes.filter(options.asks ?? (() => true));
    const open = openHosts(cluster, connect, {
      ...options,
      holder: { holder, since: new Date(since).toISOString() },
      teller: chooseTeller(asked),
    });
    const sessions = new HostSessions(asked, open, (event: RunEvent) => screen.handle(event));
    closers.push(() => sessions.close());
    return await work({
      cluster,
      findings,
      paths,
      store,
      sessions,
      connect,
      openShell: (node, words) => openShell(node, words, context),
      scrub: (text) => screen.scrub(text),
      operator: createOperator(cluster, store, caller),
      emit: (event) => screen.handle(event),
      ask: (question) => screen.ask(question),
      signals,
      startedAt: since,
      connectWindow: CONNECT_WINDOW,
    });
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/** Connects and looks at nothing yet. */
function connectHosts(
  context: TransportContext,
  { screen, trace }: { readonly screen: Screen; readonly trace: Trace },
  options: WorkspaceOptions,
): ConnectHost {
  const { wrapTransport = (transport) => transport } = options;
  const isHeard = trace.traffic !== null || options.flags.verbose === true;
  const tell = (key: NodeKey, traffic: Traffic): void => {
    trace.traffic?.(key, traffic, (text) => screen.scrub(text));
    if (traffic.type === 'command') screen.tellCommand(key, traffic);
  };
  return async (node, signal) => {
    const bare = options.flags.local === true ? new LocalTransport() : createTransport(node, context);
    const way = wrapTransport(bare, node);
    const transport = isHeard ? recordTransport(way, (traffic) => tell(node.key, traffic)) : way;
    try {
      await transport.connect(signal);
      const host = createHost(transport, { askSudoPassword: (target) => screen.askSudoPassword(target) });
      return { host, transport };
    } catch (error) {
      await transport.close();
      throw error;
    }
  };
}

function openHosts(
  cluster: Cluster,
  connect: ConnectHost,
  options: WorkspaceOptions & {
    readonly holder: LockHolder;
    /** By `chooseTeller`. */
    readonly teller: NodeKey | null;
  },
): OpenHost {
  const { look, teller } = options;
  return async (node, signal) => {
    const { host, transport } = await connect(node, signal);
    try {
      const inspecting = inspectHost(host, {
        lock: options.locks ? options.holder : null,
        dataDir: cluster.dataDir,
        prefix: cluster.install.prefix,
        files: probedFiles(cluster, node),
        names: namesToResolve(cluster),
        ...(look === undefined && isServer(node.roles) && { nodes: node.key === teller ? 'all' : 'one' }),
        fsync: options.measureDisks === true && node.roles.includes('etcd'),
        signal,
        ...(look !== undefined && { timeoutMs: LOOK_PROBE_MS }),
      });
      const looking = look?.(host, node, { dataDir: cluster.dataDir, signal });
      const [{ facts, release, lost }] = await Promise.all([inspecting, looking]);
      const close = async () => {
        release();
        await transport.close();
      };
      const askForNodes = () => getNodes(host, { dataDir: cluster.dataDir, signal, timeoutMs: ASK_NODES_MS });
      return { host, facts, askForNodes, lost, close };
    } catch (error) {
      await transport.close();
      throw error;
    }
  };
}

function sshSettings({ ssh }: Cluster, { look }: WorkspaceOptions): SshSettings {
  if (look === undefined) return ssh;
  return { ...ssh, connectTimeoutMs: Math.min(ssh.connectTimeoutMs, LOOK_CONNECT_MS) };
}

function namesToResolve(cluster: Cluster): readonly string[] {
  const { endpoint } = cluster;
  return endpoint === null || isIP(endpoint.host) !== 0 ? [] : [endpoint.host];
}
