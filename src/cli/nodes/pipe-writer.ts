/** Writes what comes over time to stdout and stderr, until whoever reads stdout has gone. */
export interface PipeWriter {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Aborts when nobody reads stdout any more, as with `| head`: then there is nothing left to do. */
  readonly gone: AbortSignal;
}

/** A writer on this process's own streams. */
export function createPipeWriter(): PipeWriter {
  const gone = new AbortController();
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    gone.abort();
  });
  return {
    out: (text) => {
      if (!gone.signal.aborted) process.stdout.write(text);
    },
    err: (text) => void process.stderr.write(text),
    gone: gone.signal,
  };
}
