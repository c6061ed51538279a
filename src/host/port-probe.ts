import type { RemoteProcess } from '../transport/transport.ts';
import type { Host } from './host.ts';

/** A port to listen on, or to try. */
export interface ProbedPort {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

export interface ProbedTarget extends ProbedPort {
  readonly address: string;
}

/** What became of one target; `roundTripMs` is how long an open TCP port took to answer. */
export interface ProbeOutcome {
  readonly result: 'open' | 'closed' | 'unknown';
  readonly roundTripMs?: number;
}

/** A listener on a host; `ports` are those it answers on, without the ones that are taken already. */
export interface PortListener {
  readonly listening: readonly ProbedPort[];
  /** True when the host lacks the tool: nothing can be said about any port then. */
  readonly impossible: boolean;
  close(): Promise<void>;
}

/** Python is on most hosts (firewalld itself is written in it); a host without any cannot be probed, and says so. */
const FIND_PYTHON = `
for python in python3 /usr/libexec/platform-python python; do
  if command -v "$python" >/dev/null 2>&1; then break; fi
  python=
done
if [ -z "$python" ]; then echo impossible; exit 0; fi
`;

/** Reads `tcp 9345` lines to an empty one, tells which it took, echoes datagrams, ends with stdin or after $2 seconds. */
const LISTEN = `${FIND_PYTHON}
exec "$python" -c "$1" "$2"
`;

const LISTEN_PROGRAM = `
import os, select, socket, sys, time
wanted = b""
while not wanted.endswith(b"\\n\\n"):
    chunk = os.read(0, 65536)
    if not chunk: sys.exit(0)
    wanted += chunk
def bind(kind, port):
    for family, address in ((socket.AF_INET6, "::"), (socket.AF_INET, "0.0.0.0")):
        try:
            s = socket.socket(family, kind)
            if family == socket.AF_INET6: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            if kind == socket.SOCK_STREAM: s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((address, port))
            if kind == socket.SOCK_STREAM: s.listen(64)
            s.setblocking(False)
            return s
        except OSError:
            continue
    return None
streams, datagrams = [], []
for line in wanted.decode().split("\\n"):
    if not line.strip(): continue
    protocol, port = line.split()
    s = bind(socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM, int(port))
    if s is None: continue
    (streams if protocol == "tcp" else datagrams).append(s)
    print("listening", protocol, port)
print("ready")
sys.stdout.flush()
deadline = time.time() + float(sys.argv[1])
while time.time() < deadline:
    readable = select.select([0] + streams + datagrams, [], [], 5)[0]
    for s in readable:
        if s == 0:
            if not os.read(0, 65536): sys.exit(0)
        elif s in streams:
            try: s.accept()[0].close()
            except OSError: pass
        else:
            try:
                data, peer = s.recvfrom(2048)
                s.sendto(data, peer)
            except OSError: pass
`;

/** Tries `tcp address port` lines from stdin all at once, three seconds each, and prints one result a line, in order. */
const TRY_PROGRAM = `
import errno, select, socket, sys, time
targets = [line.split() for line in sys.stdin if line.strip()]
results = ["closed"] * len(targets)
pending = {}
begun = {}
for i, (protocol, address, port) in enumerate(targets):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    s = socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    s.setblocking(False)
    try:
        begun[s] = time.time()
        e = s.connect_ex((address, int(port)))
        if protocol == "udp":
            try: s.send(b"rke2ctl")
            except OSError: pass
        elif e not in (0, errno.EINPROGRESS):
            continue
        pending[s] = i
    except OSError:
        results[i] = "unknown"
deadline = time.time() + 3
again = time.time() + 0.7
while pending and time.time() < deadline:
    readers = [s for s, i in pending.items() if targets[i][0] == "udp"]
    writers = [s for s, i in pending.items() if targets[i][0] == "tcp"]
    readable, writable, _ = select.select(readers, writers, [], 0.2)
    for s in readable:
        try:
            s.recv(2048)
            results[pending.pop(s)] = "open"
        except OSError:
            pending.pop(s)
    for s in writable:
        i = pending.pop(s)
        if s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0: results[i] = "open %.2f" % ((time.time() - begun[s]) * 1000)
        s.close()
    if time.time() > again:
        again = time.time() + 0.7
        for s, i in pending.items():
            if targets[i][0] == "udp":
                try: s.send(b"rke2ctl")
                except OSError: pass
print("\\n".join(results))
`;

/** Opens a short-lived listener on a host; it ends by itself after `lifetimeMs`, or when the connection falls. */
export async function listenOn(
  host: Host,
  ports: readonly ProbedPort[],
  options: { readonly lifetimeMs: number; readonly signal: AbortSignal },
): Promise<PortListener> {
  let output = '';
  let wake = () => {};
  const process: RemoteProcess = await host.start(LISTEN, {
    args: [LISTEN_PROGRAM, String(Math.ceil(options.lifetimeMs / 1000))],
    signal: options.signal,
    what: 'The listener of the port check',
    onStdout: (chunk) => {
      output += chunk.toString();
      wake();
    },
  });
  await process.write(`${ports.map(({ protocol, port }) => `${protocol} ${port}`).join('\n')}\n\n`);
  let ended = false;
  const end = process.result.then(
    () => undefined,
    () => undefined,
  );
  void end.then(() => {
    ended = true;
    wake();
  });
  while (!output.includes('ready\n') && !output.includes('impossible\n') && !ended) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  return {
    listening: [...output.matchAll(/^listening (tcp|udp) (\d+)$/gm)].map((match) => ({
      protocol: match[1] as 'tcp' | 'udp',
      port: Number(match[2]),
    })),
    impossible: !output.includes('ready\n'),
    close: async () => {
      process.end();
      await end;
    },
  };
}

/** Tries every target from one host, in one command; `unknown` for all where the host lacks the tool. */
export async function tryPorts(
  host: Host,
  targets: readonly ProbedTarget[],
  signal: AbortSignal,
): Promise<readonly ProbeOutcome[]> {
  if (targets.length === 0) return [];
  const { stdout } = await host.run(`${FIND_PYTHON}\nexec "$python" -c "$1"`, {
    args: [TRY_PROGRAM],
    stdin: `${targets.map(({ protocol, address, port }) => `${protocol} ${address} ${port}`).join('\n')}\n`,
    signal,
    timeoutMs: 30_000,
    what: 'The port check',
  });
  const lines = stdout.trim().split('\n');
  return targets.map((_, index): ProbeOutcome => {
    const [result, took] = (lines[index] ?? '').split(' ');
    if (result !== 'open' && result !== 'closed') return { result: 'unknown' };
    return took === undefined ? { result } : { result, roundTripMs: Number(took) };
  });
}
