import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** A language server, spoken to as an editor does: its protocol over stdin and stdout. */
export class LanguageClient {
  readonly #server: ChildProcessWithoutNullStreams;
  readonly #answers = new Map<number, (message: Message) => void>();
  readonly #listeners = new Set<(message: Message) => void>();
  #unread = Buffer.alloc(0);
  #asked = 0;

  constructor(program: string, args: readonly string[]) {
    this.#server = spawn(process.execPath, [program, ...args]);
    this.#server.stdout.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#server.stderr.resume();
  }

  /** The answer to a request; rejects with the server's words. */
  async request(method: string, params: unknown): Promise<unknown> {
    this.#asked += 1;
    const id = this.#asked;
    const answer = new Promise<Message>((resolve) => this.#answers.set(id, resolve));
    this.#send({ id, method, params });
    const { error, result } = await answer;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  notify(method: string, params: unknown): void {
    this.#send({ method, params });
  }

  /** The parameters of the first notification of this kind, from now on, that `isMeant` accepts. */
  wait<T>(method: string, isMeant: (params: T) => boolean): Promise<T> {
    return new Promise((resolve) => {
      const listener = (message: Message) => {
        if (message.method !== method || !isMeant(message.params as T)) return;
        this.#listeners.delete(listener);
        resolve(message.params as T);
      };
      this.#listeners.add(listener);
    });
  }

  /** Ends the server. */
  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.#server.once('exit', resolve));
    await this.request('shutdown', null);
    this.notify('exit', null);
    await gone;
  }

  #send(message: Message): void {
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }));
    this.#server.stdin.write(Buffer.concat([Buffer.from(`Content-Length: ${body.length}\r\n\r\n`), body]));
  }

  #read(chunk: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    for (;;) {
      const end = this.#unread.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/Content-Length: (\d+)/i.exec(this.#unread.toString('ascii', 0, end))?.[1]);
      const start = end + 4;
      if (this.#unread.length < start + length) return;
      const message = JSON.parse(this.#unread.toString('utf8', start, start + length)) as Message;
      this.#unread = this.#unread.subarray(start + length);
      this.#take(message);
    }
  }

  #take(message: Message): void {
    const { id, method } = message;
    if (id !== undefined && method === undefined) {
      this.#answers.get(id)?.(message);
      this.#answers.delete(id);
    } else if (id !== undefined) {
      // The server asks for settings or registers itself: what an editor without any says.
      this.#send({
        id,
        result: method === 'workspace/configuration' ? [null, null, null, null, null] : null,
      });
    } else {
      for (const listener of this.#listeners) listener(message);
    }
  }
}
