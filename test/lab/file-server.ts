import { createInterface } from 'node:readline';
import type { Lab } from './lab.ts';

export interface FileServerOptions {
  /** Its files are served below `/<version>/`, whichever version. */
  readonly directory: string;
  /** `user:password` that it asks for. */
  readonly login: string;
}

/** A web server on the controller's side of a lab, as a mirror of releases would be one: it knows HEAD and ranges. */
export interface FileServer {
  readonly url: string;
  readonly port: number;
  readonly requests: { readonly method: string; readonly path: string; readonly start: number }[];
  /** The connection of the next request for that file falls after so many bytes. */
  readonly cutNext: (name: string, bytes: number) => void;
  stop(): Promise<void>;
}

const PORT = 8017;

const PROGRAM = `
  const { createServer } = require('node:http');
  const { createReadStream, statSync } = require('node:fs');
  const { basename, join } = require('node:path');
  const [directory, port] = process.argv.slice(1);
  const cuts = new Map();
  require('node:readline').createInterface(process.stdin).on('line', (line) => {
    const [name, value] = JSON.parse(line);
    if (name === '') expected = 'Basic ' + Buffer.from(value).toString('base64');
    else cuts.set(name, value);
  });
  let expected = null;
  createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://x').pathname);
    const start = Number((/^bytes=(\\d+)-/.exec(request.headers.range || '') || [])[1] || 0);
    console.log(JSON.stringify({ method: request.method, path, start }));
    if (request.headers.authorization !== expected) return void response.writeHead(401).end();
    const file = join(directory, basename(path));
    let size;
    try { size = statSync(file).size; } catch { return void response.writeHead(404).end(); }
    const range = start > 0 ? { 'content-range': 'bytes ' + start + '-' + (size - 1) + '/' + size } : {};
    response.writeHead(start > 0 ? 206 : 200, { 'content-length': size - start, ...range });
    if (request.method === 'HEAD') return void response.end();
    const cut = cuts.get(basename(path));
    cuts.delete(basename(path));
    const stream = createReadStream(file, { start, ...(cut === undefined ? {} : { end: start + cut }) });
    if (cut === undefined) return void stream.pipe(response);
    stream.pipe(response, { end: false });
    stream.on('end', () => setTimeout(() => response.destroy(), 300));
  }).listen(Number(port), '::', () => console.log('ready'));
`;

/** Starts one; it ends with `stop`. */
export async function startFileServer(
  lab: Lab,
  { directory, login }: FileServerOptions,
): Promise<FileServer> {
  const child = lab.spawn([process.execPath, '-e', PROGRAM, directory, String(PORT)], {
    stdin: 'pipe',
  });
  const say = (name: string, value: string | number) =>
    void child.stdin?.write(`${JSON.stringify([name, value])}\n`);
  // What stands in a command line everybody sees.
  say('', login);
  const requests: FileServer['requests'] = [];
  const { stdout } = child;
  if (stdout === null) throw new Error('the web server has no output');
  await new Promise<void>((resolve, reject) => {
    createInterface(stdout).on('line', (line) => {
      if (line === 'ready') resolve();
      else requests.push(JSON.parse(line));
    });
    child.then(
      () => reject(new Error('the web server ended')),
      () => reject(new Error('the web server ended')),
    );
  });
  const route = await lab.exec('node1', ['ip', '-j', 'route', 'show', 'default']);
  const [{ gateway }] = JSON.parse(route.stdout) as [{ readonly gateway: string }];
  return {
    url: `http://${gateway}:${PORT}`,
    port: PORT,
    requests,
    cutNext: say,
    stop: async () => {
      child.kill();
      await child.catch(() => undefined);
    },
  };
}
