import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { buildApiServer } from '../release/build-program.ts';
import { findTools, type Tools } from './find-tools.ts';
import { type RawRequest, sendRaw } from './raw-request.ts';
import { makeCa, makeCert, writeKubeconfig } from './test-identity.ts';

/** What a kubectl run left behind. */
interface KubectlResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface KubectlOptions {
  readonly input?: string;
  /** Index of the server to ask; the first unless told. */
  readonly server?: number;
  /** Whose certificate to show; the admin's unless told. */
  readonly user?: string;
}

interface ClusterPorts {
  readonly etcd: number;
  readonly peer: number;
  readonly servers: readonly number[];
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function waitFor(what: string, isDone: () => Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await isDone())) {
    if (Date.now() > deadline) throw new Error(`gave up waiting for ${what}`);
    await sleep(100);
  }
}

function startEtcd(etcd: string, directory: string, client: number, peer: number): ChildProcess {
  const tls = [
    '--trusted-ca-file=etcd-ca.crt',
    '--cert-file=etcd.crt',
    '--key-file=etcd.key',
    '--client-cert-auth',
  ];
  const urls = [
    `--listen-client-urls=https://127.0.0.1:${client}`,
    `--advertise-client-urls=https://127.0.0.1:${client}`,
    `--listen-peer-urls=http://127.0.0.1:${peer}`,
    `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`,
    `--initial-cluster=test=http://127.0.0.1:${peer}`,
  ];
  const options = ['--name=test', '--data-dir=etcd-data', '--log-level=error'];
  return spawn(etcd, [...options, ...urls, ...tls], { cwd: directory, stdio: 'ignore' });
}

async function endProcess(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

async function makeIdentities(directory: string): Promise<void> {
  for (const ca of ['etcd-ca', 'server-ca', 'client-ca', 'foreign-ca']) await makeCa(directory, ca);
  await makeCert(directory, 'etcd-ca', 'etcd', '/CN=etcd');
  await makeCert(directory, 'server-ca', 'server', '/CN=kube-apiserver');
  await makeCert(directory, 'client-ca', 'admin', '/O=system:masters/CN=system:admin');
  await makeCert(directory, 'foreign-ca', 'foreign', '/O=system:masters/CN=system:admin');
}

/** A real etcd with API servers on it, on loopback, and kubectl to ask them. */
export class TestCluster {
  readonly directory: string;
  readonly kubectlPath: string;
  readonly #tools: Tools;
  readonly #ports: ClusterPorts;
  readonly #hasControllers: boolean;
  readonly #servers: ChildProcess[] = [];
  #etcd: ChildProcess | undefined;

  constructor(directory: string, tools: Tools, ports: ClusterPorts, hasControllers: boolean) {
    this.directory = directory;
    this.kubectlPath = tools.kubectl;
    this.#tools = tools;
    this.#ports = ports;
    this.#hasControllers = hasControllers;
  }

  /** Makes certificates and the bundle, then starts everything. */
  async start(): Promise<void> {
    await makeIdentities(this.directory);
    await mkdir(join(this.directory, 'home'));
    await writeFile(this.#path('kube-apiserver.mjs'), await buildApiServer());
    this.startEtcd();
    for (const index of this.#ports.servers.keys()) await this.startServer(index);
  }

  /** Runs the real kubectl. */
  async kubectl(args: readonly string[], options: KubectlOptions = {}): Promise<KubectlResult> {
    const { input = '', server = 0, user = 'admin' } = options;
    const file = `${user}-${server}.kubeconfig`;
    await writeKubeconfig(this.directory, file, user, this.#ports.servers[server] ?? 0);
    const result = await execa(this.kubectlPath, ['--kubeconfig', this.#path(file), ...args], {
      input,
      env: { HOME: this.#path('home'), KUBECONFIG: '' },
      reject: false,
      timeout: 60_000,
    });
    return { exitCode: result.exitCode ?? 255, stdout: result.stdout, stderr: result.stderr };
  }

  /** kubectl that must succeed; its stdout without the last line end. */
  async ok(args: readonly string[], options?: KubectlOptions): Promise<string> {
    const result = await this.kubectl(args, options);
    if (result.exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}`);
    return result.stdout;
  }

  raw(path: string, request: RawRequest = {}): Promise<{ code: number; body: unknown }> {
    return sendRaw(this.directory, this.#ports.servers[request.server ?? 0] ?? 0, path, request);
  }

  /** A client certificate `<name>` (colons as dashes) for a user in these groups. */
  makeUser(name: string, groups: readonly string[]): Promise<void> {
    const subject = `${groups.map((group) => `/O=${group}`).join('')}/CN=${name}`;
    return makeCert(this.directory, 'client-ca', name.replaceAll(':', '-'), subject);
  }

  /** Starts a server and waits until it is ready. */
  async startServer(index: number): Promise<void> {
    const file = this.#path(`server-${index}.json`);
    await writeFile(file, JSON.stringify(this.#serverConfig(index)));
    const log = openSync(this.#path(`server-${index}.log`), 'a');
    const program = this.#path('kube-apiserver.mjs');
    this.#servers[index] = spawn(process.execPath, [program, '--config', file], {
      stdio: ['ignore', 'ignore', log],
    });
    closeSync(log);
    await waitFor(`API server ${index}`, async () => {
      const { exitCode } = await this.kubectl(['get', '--raw', '/readyz'], { server: index });
      return exitCode === 0;
    });
  }

  async stopServer(index: number, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await endProcess(this.#servers[index], signal);
  }

  /** Starts etcd, again on the same data when it ran before. */
  startEtcd(): void {
    this.#etcd = startEtcd(this.#tools.etcd, this.directory, this.#ports.etcd, this.#ports.peer);
  }

  /** Kills etcd. */
  async stopEtcd(): Promise<void> {
    await endProcess(this.#etcd, 'SIGKILL');
  }

  async destroy(): Promise<void> {
    for (const index of this.#servers.keys()) await this.stopServer(index, 'SIGKILL');
    await this.stopEtcd();
    await rm(this.directory, { recursive: true, force: true });
  }

  #path(name: string): string {
    return join(this.directory, name);
  }

  #serverConfig(index: number): object {
    return {
      bind: '127.0.0.1',
      port: this.#ports.servers[index],
      cert: this.#path('server.crt'),
      key: this.#path('server.key'),
      clientCA: this.#path('client-ca.crt'),
      etcd: {
        // The second server's first endpoint never answers: it must move on to the next.
        endpoints: [...(index === 1 ? ['https://127.0.0.1:1'] : []), `https://127.0.0.1:${this.#ports.etcd}`],
        ca: this.#path('etcd-ca.crt'),
        cert: this.#path('etcd.crt'),
        key: this.#path('etcd.key'),
      },
      serviceCIDR: '10.43.0.0/16',
      controllers: this.#hasControllers,
      version: 'v1.35.7+rke2r1',
      advertiseAddress: `198.18.0.10${index}`,
    };
  }
}

/** Starts etcd and API servers with certificates of their own; controllers only where asked for. */
export async function startTestCluster(options: {
  servers: number;
  controllers?: boolean;
}): Promise<TestCluster> {
  const tools = await findTools();
  const directory = await mkdtemp(join(tmpdir(), 'apiserver-test-'));
  const [etcd = 0, peer = 0, ...servers] = await freePorts(2 + options.servers);
  const cluster = new TestCluster(directory, tools, { etcd, peer, servers }, options.controllers === true);
  try {
    await cluster.start();
  } catch (error) {
    await cluster.destroy();
    throw error;
  }
  return cluster;
}
