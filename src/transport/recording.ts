import { Transform } from 'node:stream';
import type { RecordedCommand, Traffic } from '../domain/traffic.ts';
import type { CommandRequest, CommandResult, RemoteProcess, Transport } from './transport.ts';

/** The same transport, which tells `sink` of every connection and every command when it has ended. */
export function recordTransport(transport: Transport, sink: (traffic: Traffic) => void): Transport {
  const { target } = transport;
  const launch = async (request: CommandRequest, isTalk: boolean): Promise<RemoteProcess> => {
    const clock = startClock();
    const counter = countStdin(request);
    const { command, what = 'A command' } = request;
    let isTold = false;
    const tell = (end: Pick<RecordedCommand, 'exitCode' | 'error'>): void => {
      if (isTold) return;
      isTold = true;
      sink({
        type: 'command',
        target,
        command,
        what,
        stdinBytes: counter.bytes(),
        isTalk,
        ...end,
        ...clock.read(),
      });
    };
    const process = await transport.start(counter.request).catch((error: unknown) => {
      tell({ exitCode: null, error });
      throw error;
    });
    const result = process.result.then(
      (ended) => {
        tell({ exitCode: ended.exitCode, error: null });
        return ended;
      },
      (error: unknown) => {
        tell({ exitCode: null, error });
        throw error;
      },
    );
    result.catch(() => undefined); // whoever started it may never ask
    return {
      write: (data) => {
        counter.add(Buffer.byteLength(data));
        return process.write(data);
      },
      end: (how) => {
        process.end(how);
        if (how === 'forgotten') tell({ exitCode: null, error: null });
      },
      result,
    };
  };

  return {
    target,
    get hostKey() {
      return transport.hostKey;
    },
    connect: async (signal) => {
      const clock = startClock();
      const tell = (error: unknown): void => sink({ type: 'connection', target, error, ...clock.read() });
      await transport.connect(signal).then(
        () => tell(null),
        (error: unknown) => {
          tell(error);
          throw error;
        },
      );
    },
    start: (request) => launch(request, true),
    run: async (request): Promise<CommandResult> => {
      const process = await launch(request, false);
      process.end();
      return process.result;
    },
    close: () => transport.close(),
  };
}

function startClock() {
  const startedMs = performance.now();
  return { read: () => ({ startedMs, durationMs: performance.now() - startedMs }) };
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
