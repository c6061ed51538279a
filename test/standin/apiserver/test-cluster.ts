import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { execa } from 'execa';
import { findTools } from './find-tools.ts';
import { makeCa, makeCert, writeKubeconfig } from './test-identity.ts';

/** What a kubectl run left behind. */
interface KubectlResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A request without kubectl: for what kubectl does not show. */
interface RawRequest {
  readonly method?: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly server?: number;
  /** The certificate to show; `none` for none. */
  readonly user?: string;
}

/** A real etcd with API servers on it, on loopback. */
export interface TestCluster {
  readonly directory: string;
  readonly ports: readonly number[];
  readonly etcdPort: number;
  /** Runs the real kubectl as admin against one of the servers (the first unless told). */
  kubectl(
    args: readonly string[],
    options?: { input?: string; server?: number; user?: string },
  ): Promise<KubectlResult>;
  /** kubectl that must succeed; its stdout without the last line end. */
  ok(args: readonly string[], options?: { input?: string; server?: number; user?: string }): Promise<string>;
  raw(path: string, request?: RawRequest): Promise<{ code: number; body: unknown }>;
  readonly servers: readonly ChildProcess[];
  startServer(index: number): Promise<void>;
  stopServer(index: number, signal?: NodeJS.Signals): Promise<void>;
  /** Kills etcd. */
  stopEtcd(): Promise<void>;
  /** Starts etcd again on the same data. */
  startEtcd(): void;
  readonly kubectlPath: string;
  makeUser(name: string, groups: readonly string[]): Promise<void>;
  destroy(): Promise<void>;
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

/** One JSON request over TLS; the answer's body parsed where it is JSON, text else. */
function sendRaw(
  directory: string,
  port: number,
  path: string,
  request: RawRequest,
): Promise<{ code: number; body: unknown }> {
  const { method = 'GET', body, contentType = 'application/json', user = 'admin' } = request;
  const file = (name: string): Buffer => readFileSync(join(directory, name));
  const identity = user === 'none' ? {} : { cert: file(`${user}.crt`), key: file(`${user}.key`) };
  const options = {
    method,
    headers: { 'content-type': contentType },
    ca: file('server-ca.crt'),
    ...identity,
  };
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(`https://127.0.0.1:${port}${path}`, options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () => {
        const isJson = response.headers['content-type'] === 'application/json' && !text.includes('}\n{');
        resolve({ code: response.statusCode ?? 0, body: isJson ? (JSON.parse(text) as unknown) : text });
      });
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
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

/** Starts etcd and API servers with certificates of their own; controllers only where asked for. */
export async function startTestCluster(options: {
  servers: number;
  controllers?: boolean;
}): Promise<TestCluster> {
  const tools = await findTools();
  const directory = await mkdtemp(join(tmpdir(), 'apiserver-test-'));
  const [etcdPort = 0, peerPort = 0, ...ports] = await freePorts(2 + options.servers);
  for (const ca of ['etcd-ca', 'server-ca', 'client-ca', 'foreign-ca']) await makeCa(directory, ca);
  await makeCert(directory, 'etcd-ca', 'etcd', '/CN=etcd');
  await makeCert(directory, 'server-ca', 'server', '/CN=kube-apiserver');
  await makeCert(directory, 'client-ca', 'admin', '/O=system:masters/CN=system:admin');
  await makeCert(directory, 'foreign-ca', 'foreign', '/O=system:masters/CN=system:admin');
  await mkdir(join(directory, 'home'));
  const program = join(directory, 'kube-apiserver.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('main.ts', import.meta.url))],
    outfile: program,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    minify: true,
    logLevel: 'error',
  });
  let etcd = startEtcd(tools.etcd, directory, etcdPort, peerPort);
  const servers: ChildProcess[] = [];
  const kubectl: TestCluster['kubectl'] = async (args, { input = '', server = 0, user = 'admin' } = {}) => {
    const file = `${user}-${server}.kubeconfig`;
    await writeKubeconfig(directory, file, user, ports[server] ?? 0);
    const result = await execa(tools.kubectl, ['--kubeconfig', join(directory, file), ...args], {
      input,
      env: { HOME: join(directory, 'home'), KUBECONFIG: '' },
      reject: false,
      timeout: 60_000,
    });
    return { exitCode: result.exitCode ?? 255, stdout: result.stdout, stderr: result.stderr };
  };
  const startServer = async (index: number): Promise<void> => {
    const file = join(directory, `server-${index}.json`);
    const path = (name: string): string => join(directory, name);
    const config = {
      bind: '127.0.0.1',
      port: ports[index],
      cert: path('server.crt'),
      key: path('server.key'),
      clientCA: path('client-ca.crt'),
      etcd: {
        // The second server's first endpoint never answers: it must move on to the next.
        endpoints: [...(index === 1 ? ['https://127.0.0.1:1'] : []), `https://127.0.0.1:${etcdPort}`],
        ca: path('etcd-ca.crt'),
        cert: path('etcd.crt'),
        key: path('etcd.key'),
      },
      serviceCIDR: '10.43.0.0/16',
      controllers: options.controllers === true,
      version: 'v1.35.7+rke2r1',
      advertiseAddress: `198.18.0.10${index}`,
    };
    await writeFile(file, JSON.stringify(config));
    const log = openSync(join(directory, `server-${index}.log`), 'a');
    servers[index] = spawn(process.execPath, [program, '--config', file], {
      stdio: ['ignore', 'ignore', log],
    });
    await waitFor(`API server ${index}`, async () => {
      const { exitCode } = await kubectl(['get', '--raw', '/readyz'], { server: index });
      return exitCode === 0;
    });
  };
  const stopServer = async (index: number, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    await endProcess(servers[index], signal);
  };
  for (const index of ports.keys()) await startServer(index);
  return {
    directory,
    ports,
    etcdPort,
    servers,
    kubectl,
    raw: (path, request = {}) => sendRaw(directory, ports[request.server ?? 0] ?? 0, path, request),
    startServer,
    stopServer,
    async ok(args, more) {
      const result = await kubectl(args, more);
      if (result.exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}`);
      return result.stdout;
    },
    kubectlPath: tools.kubectl,
    stopEtcd: () => endProcess(etcd, 'SIGKILL'),
    startEtcd() {
      etcd = startEtcd(tools.etcd, directory, etcdPort, peerPort);
    },
    makeUser: (name, groups) =>
      makeCert(
        directory,
        'client-ca',
        name.replaceAll(':', '-'),
        `${groups.map((g) => `/O=${g}`).join('')}/CN=${name}`,
      ),
    async destroy() {
      for (const index of servers.keys()) await stopServer(index, 'SIGKILL');
      await endProcess(etcd, 'SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
  };
}
