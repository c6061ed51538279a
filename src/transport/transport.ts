import type { Readable } from 'node:stream';

/** One command to run on a host. `command` is a line for `/bin/sh -c`; data goes in on stdin, never into the line. */
export interface CommandRequest {
  readonly command: string;
  /** How messages call it; its first words unless given. */
  readonly what?: string;
  readonly stdin?: string | Buffer | Readable;
  /** Ends the remote process group as well; the promise rejects with CancelledError. */
  readonly signal?: AbortSignal;
  /** Without a limit a command may run for ever; TimeoutError when it is over. */
  readonly timeoutMs?: number;
  readonly onStdout?: (chunk: Buffer) => void;
  readonly onStderr?: (chunk: Buffer) => void;
}

/** How a command ended. Only a number the host sent is an exit code; a lost connection rejects with ConnectionLostError. */
export interface CommandResult {
  readonly exitCode: number;
  /** Empty when `onStdout` takes the output. */
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that goes on while we talk to it: the lock's holder, a listener of the port matrix. */
export interface RemoteProcess {
  /** Resolves once written; rejects when the other end is gone. */
  write(data: string | Buffer): Promise<void>;
  /** Closes stdin. `forgotten`: nobody asks any more how it ends, and stdin may close with the connection only, which is closed next. */
  end(how?: 'forgotten'): void;
  /** Settles as `run` would; perhaps never once it is forgotten. */
  readonly result: Promise<CommandResult>;
}

/**
 * A way to run commands on one host over one connection. Implementations: ssh2, the OpenSSH client, the machine itself.
 * `connect` rejects with ConnectError, AuthError or HostKeyError. Nothing above this room may know which one runs.
 */
export interface Transport {
  /** For messages: `ops@10.0.0.1:22`. */
  readonly target: string;
  /** SHA256 fingerprint of the host key, once connected; null for the local machine. */
  readonly hostKey: string | null;
  connect(signal?: AbortSignal): Promise<void>;
  run(request: CommandRequest): Promise<CommandResult>;
  start(request: CommandRequest): Promise<RemoteProcess>;
  close(): Promise<void>;
}
