import type { FirewallFacts, FirewallZone } from '../../domain/observed.ts';

interface Tag {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly opens: boolean;
  readonly closes: boolean;
  /** Text that follows, up to the next tag. */
  readonly text: string;
}

/**
 * firewalld's permanent configuration from its own files, as `path → lines`: a call of firewall-cmd costs more than
 * the whole rest of the probe. Zone files of /etc/firewalld stand before those of /usr/lib/firewalld.
 */
export function parseFirewalld(files: ReadonlyMap<string, readonly string[]>): FirewallFacts {
  const zones: Record<string, FirewallZone> = {};
  const ipsets: Record<string, readonly string[]> = {};
  for (const [path, lines] of files) {
    const found = /^\/(?:etc|usr\/lib)\/firewalld\/(zones|ipsets)\/([^/]+)\.xml$/.exec(path);
    if (found === null) continue;
    const [, kind, name = ''] = found;
    const isPackaged = path.startsWith('/usr/lib/');
    const tags = readTags(lines.join('\n'));
    if (kind === 'ipsets') ipsets[name] = entriesOf(tags);
    else if (!isPackaged || zones[name] === undefined) zones[name] = zoneOf(tags);
  }
  const settings = files.get('/etc/firewalld/firewalld.conf') ?? [];
  const setting = (key: string): string | undefined =>
    settings
      .map((line) => line.split('='))
      .find(([name]) => name?.trim() === key)?.[1]
      ?.trim();
  return {
    provider: 'firewalld',
    defaultZone: setting('DefaultZone') ?? 'public',
    zones,
    ipsets,
    flushAllOnReload: (setting('FlushAllOnReload') ?? 'yes').toLowerCase() !== 'no',
  };
}

function entriesOf(tags: readonly Tag[]): string[] {
  return tags.filter((tag) => tag.name === 'entry' && tag.opens).map((tag) => tag.text.trim());
}

function zoneOf(tags: readonly Tag[]): FirewallZone {
  const interfaces: string[] = [];
  const sources: string[] = [];
  const ports: string[] = [];
  const richRules: string[] = [];
  let target = 'default';
  let rule: Tag[] | null = null;
  for (const tag of tags) {
    if (tag.name === 'rule') {
      if (tag.opens) rule = [tag];
      if (tag.closes && rule !== null) {
        richRules.push(richRule(rule));
        rule = null;
      }
    } else if (rule !== null) {
      if (tag.opens) rule.push(tag);
    } else if (tag.opens) {
      const { name = '', ipset, address, port = '', protocol = '' } = tag.attributes;
      if (tag.name === 'zone') target = tag.attributes['target'] ?? target;
      else if (tag.name === 'interface') interfaces.push(name);
      else if (tag.name === 'source') sources.push(ipset === undefined ? (address ?? '') : `ipset:${ipset}`);
      else if (tag.name === 'port') ports.push(`${port}/${protocol}`);
    }
  }
  return { interfaces, sources, ports, richRules, target };
}

/** Elements of a rule in the order in which firewall-cmd prints them. */
const RULE_ORDER = ['source', 'destination', 'element', 'log', 'nflog', 'audit', 'action'];
const ACTIONS = new Set(['accept', 'reject', 'drop', 'mark']);
const ATTRIBUTE_ORDER = [
  'group',
  'prefix',
  'level',
  'queue-size',
  'name',
  'address',
  'mac',
  'ipset',
  'port',
  'protocol',
];

/** One <rule> as `firewall-cmd --list-rich-rules` prints it. */
function richRule(tags: readonly Tag[]): string {
  const [head, ...rest] = tags;
  const parts: { place: number; text: string }[] = [];
  let last: { place: number; text: string } | null = null;
  for (const tag of rest) {
    if (tag.name === 'limit') {
      if (last !== null) last.text += ` limit${attributesOf(tag)}`;
      continue;
    }
    const invert = tag.attributes['invert']?.toLowerCase();
    const not = invert === 'true' || invert === 'yes' ? ' NOT' : '';
    last = { place: placeOf(tag.name), text: `${tag.name}${not}${attributesOf(tag)}` };
    parts.push(last);
  }
  parts.sort((a, b) => a.place - b.place);
  const { priority, family } = head?.attributes ?? {};
  return [
    'rule',
    ...(priority === undefined || priority === '0' ? [] : [`priority="${priority}"`]),
    ...(family === undefined ? [] : [`family="${family}"`]),
    ...parts.map(({ text }) => text),
  ].join(' ');
}

function placeOf(name: string): number {
  const place = RULE_ORDER.indexOf(ACTIONS.has(name) ? 'action' : name);
  return place === -1 ? RULE_ORDER.indexOf('element') : place;
}

function attributesOf(tag: Tag): string {
  const rank = (key: string): number =>
    (ATTRIBUTE_ORDER.indexOf(key) + ATTRIBUTE_ORDER.length + 1) % (ATTRIBUTE_ORDER.length + 1);
  return Object.entries(tag.attributes)
    .filter(([key]) => key !== 'invert')
    .sort(([a], [b]) => rank(a) - rank(b))
    .map(([key, value]) => ` ${key}="${value}"`)
    .join('');
}

const TAG = /<(\/?)([\w-]+)((?:\s+[\w:-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>([^<]*)/g;
const ATTRIBUTE = /([\w:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/** firewalld's files are flat: tags and attributes are all there is to them. */
function readTags(xml: string): Tag[] {
  const plain = xml.replace(/<!--[\s\S]*?-->/g, '');
  return [...plain.matchAll(TAG)].map(([, slash, name = '', attributes = '', selfClosing, text = '']) => ({
    name,
    attributes: Object.fromEntries(
      [...attributes.matchAll(ATTRIBUTE)].map(([, key = '', double, single]) => [
        key,
        unescapeXml(double ?? single ?? ''),
      ]),
    ),
    opens: slash === '',
    closes: slash === '/' || selfClosing === '/',
    text: unescapeXml(text),
  }));
}

function unescapeXml(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');
}
