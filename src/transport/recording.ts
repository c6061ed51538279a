import { Transform } from 'node:stream';
import type { CommandRequest, CommandResult, RemoteProcess, Transport } from './transport.ts';

/** One command as it went over a transport. `exitCode` is null when it did not end by itself (`error` says how). */
export interface RecordedCommand {
  readonly target: string;
  readonly command: string;
  /** How much was sent; never what. */
  readonly stdinBytes: number;
  readonly exitCode: number | null;
  readonly error: unknown;
  readonly durationMs: number;
}

/** The same transport, which tells `sink` of every command when it has ended. */
export function recordTransport(transport: Transport, sink: (command: RecordedCommand) => void): Transport {
  const start = async (request: CommandRequest): Promise<RemoteProcess> => {
    const startedAt = performance.now();
    const counter = countStdin(request);
    const tell = (exitCode: number | null, error: unknown): void =>
      sink({
        target: transport.target,
        command: request.command,
        stdinBytes: counter.bytes(),
        exitCode,
        error,
        durationMs: Math.round(performance.now() - startedAt),
      });
    const process = await transport.start(counter.request).catch((error: unknown) => {
      tell(null, error);
      throw error;
    });
    const result = process.result.then(
      (ended) => {
        tell(ended.exitCode, null);
        return ended;
      },
      (error: unknown) => {
        tell(null, error);
        throw error;
      },
    );
    result.catch(() => undefined); // whoever started it may never ask
    return {
      write: (data) => {
        counter.add(Buffer.byteLength(data));
        return process.write(data);
      },
      end: () => process.end(),
      result,
    };
  };

  return {
    target: transport.target,
    get hostKey() {
      return transport.hostKey;
    },
    connect: (signal) => transport.connect(signal),
    start,
    run: async (request): Promise<CommandResult> => {
      const process = await start(request);
      process.end();
      return process.result;
    },
    close: () => transport.close(),
  };
}

interface StdinCounter {
  readonly request: CommandRequest;
  readonly add: (bytes: number) => void;
  readonly bytes: () => number;
}

function countStdin(request: CommandRequest): StdinCounter {
  let bytes = 0;
  const add = (more: number): void => {
    bytes += more;
  };
  const { stdin } = request;
  if (stdin === undefined) return { request, add, bytes: () => bytes };
  if (typeof stdin === 'string' || Buffer.isBuffer(stdin)) {
    add(Buffer.byteLength(stdin));
    return { request, add, bytes: () => bytes };
  }
  const through = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      add(chunk.length);
      done(null, chunk);
    },
  });
  stdin.once('error', (error) => through.destroy(error));
  through.once('close', () => stdin.destroy());
  return { request: { ...request, stdin: stdin.pipe(through) }, add, bytes: () => bytes };
}
