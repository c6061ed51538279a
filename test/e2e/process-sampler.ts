import type { ExecResult } from '../lab/command.ts';

/** What a sampler saw: how often it looked, at how many processes, and where a needle stood. */
export interface Sampling {
  readonly samples: number;
  readonly processes: number;
  readonly hits: readonly { readonly needle: string; readonly where: string; readonly text: string }[];
}

/**
 * Reads command line and environment of every process again and again until the file $1 is there, which names needles
 * as JSON; then tells which of them stood anywhere, plain or in base64. $2 `own`: only processes of its own network.
 */
const PROGRAM = `
import base64, json, os, sys, time
path, own_only = sys.argv[1], sys.argv[2] == "own"
own = os.readlink("/proc/self/ns/net")
seen, pids, samples = set(), set(), 0
while not os.path.exists(path):
    for pid in os.listdir("/proc"):
        if not pid.isdigit() or int(pid) == os.getpid(): continue
        try:
            if own_only and os.readlink("/proc/%s/ns/net" % pid) != own: continue
            for name in ("cmdline", "environ"):
                with open("/proc/%s/%s" % (pid, name), "rb") as file: seen.add((name, file.read()))
            pids.add(pid)
        except OSError: continue
    samples += 1
    time.sleep(0.004)
with open(path) as file: needles = json.load(file)
os.unlink(path)
hits = []
for needle, value in needles.items():
    for form in (value.encode(), base64.b64encode(value.encode()).rstrip(b"=")[:-1]):
        for name, content in seen:
            if form in content: hits.append({"needle": needle, "where": name, "text": content.decode("utf8", "replace")})
print(json.dumps({"samples": samples, "processes": len(pids), "hits": hits}))
`;

export interface Sampler {
  /** Ends the sampling and tells which of these needles (by name) stood in a command line or an environment. */
  readonly stop: (needles: Readonly<Record<string, string>>) => Promise<Sampling>;
}

/** How commands are run where the processes are: in a host, or on the controller's side. */
export type RunThere = (
  command: readonly string[],
  options?: { readonly stdin: string },
) => Promise<ExecResult>;

/** Starts looking at processes where `run` runs; at all of them, or at those in the same network only. */
export function startSampler(run: RunThere, which: 'all' | 'own', file: string): Sampler {
  const running = run(['python3', '-c', PROGRAM, file, which]);
  return {
    stop: async (needles) => {
      await run(['sh', '-c', 'cat > "$1.new" && mv "$1.new" "$1"', 'stop', file], {
        stdin: JSON.stringify(needles),
      });
      const { stdout, stderr, exitCode } = await running;
      if (exitCode !== 0) throw new Error(`the sampler failed: ${stderr}`);
      return JSON.parse(stdout) as Sampling;
    },
  };
}
