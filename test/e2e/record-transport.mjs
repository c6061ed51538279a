// Loaded by `node --import` before rke2ctl: every command that it sends to a host is written down, with what goes in on
// stdin, as a line of JSON in the file that RKE2CTL_TEST_RECORD names.
import fs from 'node:fs';

const tap = `
function tapTransport(transport) {
  const { appendFileSync: appendRecord } = process.getBuiltinModule('node:fs');
  const { Readable: Through } = process.getBuiltinModule('node:stream');
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

// What every way to a host goes through, as the build leaves it, with or without blanks.
const asItIs = /\bwrapTransport ?= ?\(?(transport\d*)\)? ?=> ?\1\b/;

// bin/rke2ctl reads the files of dist/ by itself.
const readFile = fs.readFileSync;
fs.readFileSync = (path, ...options) => {
  const own = readFile(path, ...options);
  if (typeof own !== 'string' || !/[/]dist[/].*[.]cjs$/.test(String(path))) return own;
  return own.replace(asItIs, `wrapTransport = (transport) => { ${tap} return tapTransport(transport); }`);
};
