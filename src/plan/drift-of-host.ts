import type { FirewallRecord } from '../domain/marker.ts';
import { MARKER_PATH } from '../domain/marker.ts';
import type { UnitFacts } from '../domain/observed.ts';
import type { Drift } from '../domain/plan.ts';
import { contentStamp } from '../lib/content-stamp.ts';
import { JOIN_DROPIN_PATH } from '../render/config-yaml.ts';
import { startStamp } from '../render/start-stamp.ts';
import { imagesDir, isOwnName } from '../rke2/paths.ts';
import { TTL_DEADLINE_PATH, TTL_TIMER, TTL_TIMER_PATH } from '../rke2/ttl-paths.ts';
import { closedFirewall } from './compare-firewall.ts';
import { readableMarker, stateOfFile } from './hand-made.ts';
import type { NodeWork, UpInput } from './up-input.ts';

type Found = Pick<Drift, 'kind' | 'subject' | 'message'> & { readonly mended?: boolean };

/** What is otherwise on a member's host than we left it: marker, files, firewall, program, service. */
export function driftOfHost({ state }: UpInput, work: NodeWork): readonly Drift[] {
  const found = [
    ...markerDrift(state.clusterId, work),
    ...fileDrift(work),
    ...firewallDrift(work),
    ...programDrift(work),
    ...serviceDrift(work),
    ...ttlDrift(work),
  ];
  return found.map((each) => ({ mended: true, ...each, node: work.desired.planned.name }));
}

function markerDrift(clusterId: string, { facts }: NodeWork): readonly Found[] {
  const { marker } = facts.rke2;
  const about = { kind: 'marker' as const, subject: MARKER_PATH };
  if (marker === null) return [{ ...about, message: `${MARKER_PATH} was deleted` }];
  if (marker === 'unreadable') return [{ ...about, message: `${MARKER_PATH} can no longer be read` }];
  if (marker.clusterId === clusterId) return [];
  const owner = `cluster "${marker.clusterName}" (${marker.clusterId})`;
  const message = `${MARKER_PATH} says that the host belongs to ${owner}: take it out of one of the two files`;
  return [{ ...about, message, mended: false }];
}

function fileDrift({ desired, facts }: NodeWork): readonly Found[] {
  const marker = readableMarker(facts);
  const ours = desired.files.flatMap((file): Found[] => {
    const about = { kind: 'file' as const, subject: file.path };
    const mode = facts.rke2.files[file.path]?.mode ?? '';
    switch (stateOfFile(file, facts)) {
      case 'edited':
        return [{ ...about, message: `${file.path} was edited` }];
      case 'missing':
        return [{ ...about, message: `${file.path} was deleted` }];
      case 'mode':
        return [
          { ...about, message: `${file.path} has the mode ${mode}, and was written with ${file.mode}` },
        ];
      default:
        return [];
    }
  });
  const wanted = new Set([JOIN_DROPIN_PATH, ...desired.files.map(({ path }) => path)]);
  const more = Object.keys(facts.rke2.files).filter(
    (path) =>
      marker !== null &&
      !wanted.has(path) &&
      !marker.files.includes(path) &&
      isOwnName(path, desired.marker.dataDir),
  );
  return [
    ...ours,
    ...more.sort().map((path) => ({
      kind: 'file' as const,
      subject: path,
      message: `${path} bears our name and is not from us: it will be taken away`,
    })),
  ];
}

function firewallDrift({ desired, facts }: NodeWork): readonly Found[] {
  const names = firewallNames(closedFirewall(desired, facts));
  if (names.length === 0) return [];
  const more = names.length > 3 ? `, and ${names.length - 3} more` : '';
  const subject = `${names.slice(0, 3).join(', ')}${more}`;
  return [{ kind: 'firewall', subject, message: `firewalld no longer lets in what we opened: ${subject}` }];
}

/** Each rule in a few words: `6443/tcp`, `9345/tcp from the nodes`. */
function firewallNames({ ports, richRules, trustedSources, ipsets }: FirewallRecord): readonly string[] {
  const rules = richRules.map((rule) => {
    const port = /port port="([^"]+)" protocol="([^"]+)"/.exec(rule);
    return port === null ? 'ping from the nodes' : `${port[1]}/${port[2]} from the nodes`;
  });
  const sets = Object.entries(ipsets).map(([name, entries]) =>
    entries.length === 0 ? `ipset ${name}` : `${entries.join(', ')} in ipset ${name}`,
  );
  return [...new Set([...ports, ...rules, ...trustedSources, ...sets])];
}

/** Only where the service was READY with just what is wanted now: otherwise an upgrade may be under way. */
function programDrift({ desired, facts, record, changes }: NodeWork): readonly Found[] {
  const { version, dataDir } = desired.marker;
  if (record?.startedWith !== startStamp(version, desired.files)) return [];
  const path = `${desired.prefix}/bin/rke2`;
  const present = facts.rke2.binaries.find((binary) => binary.path === path) ?? facts.rke2.binaries[0];
  const program: Found[] = isOtherProgram()
    ? [
        {
          kind: 'binary',
          subject: path,
          message:
            present === undefined
              ? `${path} was deleted`
              : `${present.path} says that it is ${present.version === 'unknown' ? 'no RKE2 at all' : present.version}, and ${version} was installed`,
        },
      ]
    : [];
  const bundles = desired.images.filter(
    (image) =>
      !facts.rke2.images.some(
        ({ name, sizeBytes, mtime }) =>
          name === image.name && sizeBytes === image.sizeBytes && mtime === contentStamp(image.sha256),
      ),
  );
  return [
    ...program,
    ...bundles.map(({ name }) => ({
      kind: 'file' as const,
      subject: `${imagesDir(dataDir)}/${name}`,
      message: `the image bundle ${imagesDir(dataDir)}/${name} is gone or another one`,
    })),
  ];

  function isOtherProgram(): boolean {
    return changes.install || !facts.rke2.binaries.some((binary) => binary.version === version);
  }
}

/** A marker names its files from the moment on at which it is to be set. */
function ttlDrift({ desired, facts, record }: NodeWork): readonly Found[] {
  const { ttl } = facts.rke2;
  const isOurs = readableMarker(facts)?.files.includes(TTL_TIMER_PATH) ?? false;
  if (desired.ttlSeconds === null || !isOurs || record?.startedWith === '' || ttl?.armed === true) return [];
  const what =
    ttl === undefined ? `${TTL_DEADLINE_PATH} was deleted` : `${TTL_TIMER} was stopped or disabled`;
  return [{ kind: 'service', subject: TTL_TIMER, message: `${what}: the cluster would not go by itself` }];
}

/** What a run of ours has not brought to its end is no drift. */
function serviceDrift({ desired, facts, record }: NodeWork): readonly Found[] {
  if (record?.startedWith === '') return [];
  const { service } = desired.planned;
  const unit: UnitFacts = service === 'rke2-server' ? facts.rke2.server : facts.rke2.agent;
  const about = { kind: 'service' as const, subject: service };
  const words: Readonly<Record<string, string>> = {
    inactive: 'was stopped',
    failed: 'has failed and is not running',
    activating: 'is not READY, and tries to start',
  };
  const stopped = unit.exists ? (words[unit.active] ?? `is ${unit.active}`) : 'has no unit any more';
  return [
    ...(unit.active === 'active' ? [] : [{ ...about, message: `${service} ${stopped}` }]),
    ...(unit.enabled || !unit.exists
      ? []
      : [{ ...about, message: `${service} was disabled: it would not start with the host` }]),
  ];
}
