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

/** One process on a host that answers on ports and tries those of others. */
export interface PortProber {
  /** The ports it answers on, without those that are taken already. */
  readonly listening: readonly ProbedPort[];
  /** Tries every target, all at once; `unknown` for all where the host lacks the tool, or was lost. Once only. */
  tryPorts(targets: readonly ProbedTarget[]): Promise<readonly ProbeOutcome[]>;
  close(): Promise<void>;
}

/** Python is on most hosts (firewalld itself is written in it); a host without any cannot be probed, and says so. */
const PROBE = `
for python in python3 /usr/libexec/platform-python python; do
  if command -v "$python" >/dev/null 2>&1; then break; fi
  python=
done
if [ -z "$python" ]; then echo impossible; exit 0; fi
exec "$python" -E -S -c "$1" "$2"
`;

/**
 * Reads `tcp 9345` lines to an empty one, tells which it took, and answers there: it echoes datagrams. Then reads
 * `tcp address port` lines to an empty one, tries all of them at once, three seconds each, and prints `tried` and one result
 * a line, in order. Ends with stdin or after so many seconds.
 */
const PROGRAM = `
import errno, os, select, socket, sys, time
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
def listen(lines):
    for line in lines:
        protocol, port = line.split()
        s = bind(socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM, int(port))
        if s is None: continue
        (streams if protocol == "tcp" else datagrams).append(s)
        print("listening", protocol, port)
    print("ready")
targets, results, pending, begun = [], [], {}, {}
def send(s):
    try: s.send(b"rke2ctl")
    except OSError: pass
def knock(lines):
    targets.extend(line.split() for line in lines)
    results.extend("closed" for _ in targets)
    for i, (protocol, address, port) in enumerate(targets):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        s = socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
        s.setblocking(False)
        try:
            begun[s] = time.time()
            e = s.connect_ex((address, int(port)))
            if protocol == "udp": send(s)
            elif e not in (0, errno.EINPROGRESS): continue
            pending[s] = i
        except OSError:
            results[i] = "unknown"
def tell():
    print("tried")
    for result in results: print(result)
    print("done")
    sys.stdout.flush()
end = time.time() + float(sys.argv[1])
heard, todo = b"", [listen, knock]
limit = again = 0
while time.time() < end:
    knocks = [s for s, i in pending.items() if targets[i][0] == "udp"]
    calls = [s for s, i in pending.items() if targets[i][0] == "tcp"]
    readable, writable, _ = select.select([0] + streams + datagrams + knocks, calls, [], 0.2 if limit else 5)
    for s in readable:
        if s == 0:
            chunk = os.read(0, 65536)
            if not chunk: sys.exit(0)
            heard += chunk
        elif s in pending:
            i = pending.pop(s)
            try:
                s.recv(2048)
                results[i] = "open"
            except OSError: pass
        elif s in streams:
            try: s.accept()[0].close()
            except OSError: pass
        else:
            try:
                data, peer = s.recvfrom(2048)
                s.sendto(data, peer)
            except OSError: pass
    for s in writable:
        i = pending.pop(s)
        if s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0: results[i] = "open %.2f" % ((time.time() - begun[s]) * 1000)
        s.close()
    while todo and b"\\n\\n" in heard:
        block, heard = heard.split(b"\\n\\n", 1)
        work = todo.pop(0)
        work([line for line in block.decode().split("\\n") if line.strip()])
        sys.stdout.flush()
        if work is knock: limit, again = time.time() + 3, time.time() + 0.7
    if limit and (not pending or time.time() > limit):
        limit = 0
        pending.clear()
        tell()
    if limit and time.time() > again:
        again = time.time() + 0.7
        for s, i in pending.items():
            if targets[i][0] == "udp": send(s)
`;

const ANSWER_MS = 30_000;

/** Starts a prober on a host and has it listen; it ends by itself after `lifetimeMs`, or when the connection falls. */
export async function startProber(
  host: Host,
  ports: readonly ProbedPort[],
  options: { readonly lifetimeMs: number; readonly signal: AbortSignal },
): Promise<PortProber> {
  const ear = new Ear();
  const process: RemoteProcess = await host.start(PROBE, {
    args: [PROGRAM, String(Math.ceil(options.lifetimeMs / 1000))],
    signal: options.signal,
    what: 'The port check',
    onStdout: (chunk) => ear.hear(chunk.toString()),
  });
  const end = process.result.then(
    () => undefined,
    () => undefined,
  );
  void end.then(() => ear.close());
  const say = (lines: readonly string[]) => process.write(`${lines.join('\n')}\n\n`);
  await say(ports.map(({ protocol, port }) => `${protocol} ${port}`));
  await ear.until(/^(ready|impossible)$/m);
  return {
    listening: [...ear.heard.matchAll(/^listening (tcp|udp) (\d+)$/gm)].map((match) => ({
      protocol: match[1] as 'tcp' | 'udp',
      port: Number(match[2]),
    })),
    tryPorts: async (targets) => {
      if (targets.length === 0) return [];
      const tired = new Promise<void>((resolve) => setTimeout(resolve, ANSWER_MS).unref());
      const asked = say(targets.map(({ protocol, address, port }) => `${protocol} ${address} ${port}`));
      await Promise.race([asked.then(() => ear.until(/^done$/m)).catch(() => undefined), end, tired]);
      return outcomesOf(targets, ear.heard);
    },
    close: async () => {
      process.end();
      await end;
    },
  };
}

function outcomesOf(targets: readonly ProbedTarget[], heard: string): readonly ProbeOutcome[] {
  const lines = /^tried\n([\s\S]*)^done$/m.exec(heard)?.[1]?.split('\n') ?? [];
  return targets.map((_, index): ProbeOutcome => {
    const [result, took] = (lines[index] ?? '').split(' ');
    if (result !== 'open' && result !== 'closed') return { result: 'unknown' };
    return took === undefined ? { result } : { result, roundTripMs: Number(took) };
  });
}

/** What a process has said so far. */
class Ear {
  heard = '';
  #closed = false;
  #wake = () => {};

  hear(words: string): void {
    this.heard += words;
    this.#wake();
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /** Resolves once that was said, or nothing more will be. One waits at a time. */
  async until(words: RegExp): Promise<void> {
    while (!words.test(this.heard) && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
