import { isIPv6 } from 'node:net';
import type { Host } from './host.ts';

/** What a DNS server said of a name; `no-tool`: the host has nothing that could ask it. */
export type DnsAnswer = 'known' | 'unknown' | 'failure' | 'silence' | 'no-tool';

/** How long one answer may take: it comes from inside the cluster. */
const ANSWER_S = 3;
const TIMEOUT_MS = 15_000;

/**
 * Sends the query ($3, in hex) to UDP port $2 of $1 and prints the answer in hex. Hosts seldom have dig, and getent asks the
 * host's own resolver: so by Python, else Perl, else bash, of which nearly every host has one. Nothing is printed when no
 * answer came.
 */
const ASK = `
for python in python3 /usr/libexec/platform-python python; do
  command -v "$python" >/dev/null 2>&1 || continue
  exec "$python" -c '
import binascii, socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(${ANSWER_S})
try:
    s.connect((sys.argv[1], int(sys.argv[2])))
    s.send(binascii.unhexlify(sys.argv[3]))
    print(binascii.hexlify(s.recv(4096)).decode())
except (OSError, socket.timeout):
    pass
' "$@"
done
if command -v perl >/dev/null 2>&1 && perl -MIO::Socket::IP -e 1 2>/dev/null; then
  exec perl -MIO::Socket::IP -e '
    alarm ${ANSWER_S}; $SIG{ALRM} = sub { exit 0 };
    my $s = IO::Socket::IP->new(PeerHost => $ARGV[0], PeerPort => $ARGV[1], Proto => "udp") or exit 0;
    $s->send(pack("H*", $ARGV[2])); $s->recv(my $answer, 4096);
    print unpack("H*", $answer), "\\n" if length $answer;
  ' "$@"
fi
if command -v bash >/dev/null 2>&1 && command -v timeout >/dev/null 2>&1; then
  timeout ${ANSWER_S} bash --norc -c '
    exec 3<>"/dev/udp/$1/$2" || exit 0
    printf "$(printf %s "$3" | sed "s/../\\\\\\\\x&/g")" | dd obs=4096 >&3 2>/dev/null
    dd bs=4096 count=1 <&3 2>/dev/null | od -An -v -tx1 | tr -d " \\n"
  ' bash "$@" 2>/dev/null || true
  exit 0
fi
echo no-tool
`;

/** Asks the DNS server at `address` from the host for the name's address, of the server's own IP family. */
export async function askDns(
  host: Host,
  query: { readonly address: string; readonly name: string; readonly port?: number },
  signal?: AbortSignal,
): Promise<DnsAnswer> {
  const message = dnsQuery(query.name, isIPv6(query.address) ? 'AAAA' : 'A');
  const { stdout } = await host.run(ASK, {
    args: [query.address, String(query.port ?? 53), message.toString('hex')],
    what: `Asking ${query.address} for ${query.name}`,
    timeoutMs: TIMEOUT_MS,
    ...(signal !== undefined && { signal }),
  });
  const said = stdout.trim();
  return said === 'no-tool' ? said : readDnsAnswer(Buffer.from(said, 'hex'));
}

const TYPES = { A: 1, AAAA: 28 } as const;
const INTERNET = 1;

/** One question as a DNS message (RFC 1035, section 4), recursion wanted. */
export function dnsQuery(name: string, type: keyof typeof TYPES): Buffer {
  const labels = name
    .split('.')
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  // Id, flags (recursion desired), one question, nothing else.
  const header = Buffer.from([0x72, 0x6b, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, TYPES[type], 0, INTERNET])]);
}

const NXDOMAIN = 3;

/** What an answer says, by its header alone: the response code and whether it holds any record. */
export function readDnsAnswer(message: Buffer): Exclude<DnsAnswer, 'no-tool'> {
  if (message.length < 12) return 'silence';
  const code = message.readUInt8(3) & 0x0f;
  if (code === NXDOMAIN) return 'unknown';
  if (code !== 0) return 'failure';
  return message.readUInt16BE(6) > 0 ? 'known' : 'unknown';
}
