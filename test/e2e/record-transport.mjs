// Loaded by `node --import` before rke2ctl: every command that it sends to a host is written down, with what goes in on
// stdin, as a line of JSON in the file that RKE2CTL_TEST_RECORD names.
import { register } from 'node:module';

const tap = `
import { appendFileSync as appendRecord } from 'node:fs';
import { Readable as Through } from 'node:stream';

function tapTransport(transport) {
  const start = async (request) => {
    const pieces = [];
    const keep = (piece) => (pieces.push(Buffer.from(piece)), piece);
    const { stdin } = request;
    async function* through() {
      for await (const piece of stdin) yield keep(piece);
    }
    const isStream = stdin instanceof Through;
    if (!isStream && stdin !== undefined) keep(stdin);
    const given = isStream ? { ...request, stdin: Through.from(through(), { objectMode: false }) } : request;
    const tell = () => appendRecord(
      process.env.RKE2CTL_TEST_RECORD,
      JSON.stringify({ target: transport.target, command: request.command, stdin: Buffer.concat(pieces).toString() }) + '\\n',
    );
    const running = await transport.start(given);
    running.result.then(tell, tell);
    return { write: (data) => running.write(keep(data)), end: () => running.end(), result: running.result };
  };
  return {
    target: transport.target,
    get hostKey() { return transport.hostKey; },
    connect: (signal) => transport.connect(signal),
    start,
    run: async (request) => { const running = await start(request); running.end(); return running.result; },
    close: () => transport.close(),
  };
}
`;

const hook = `
export async function load(url, context, next) {
  const loaded = await next(url, context);
  if (!/[/]dist[/].*[.]js$/.test(url)) return loaded;
  const own = String(loaded.source);
  const tapped = own.replace('function recordTransport(transport, sink) {', '$& transport = tapTransport(transport);');
  return tapped === own ? loaded : { ...loaded, source: tapped + ${JSON.stringify(tap)} };
}
`;

register(`data:text/javascript,${encodeURIComponent(hook)}`);
