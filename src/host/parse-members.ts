import type { EtcdMember } from '../domain/observed.ts';

/** A member as etcd's JSON gateway writes it: 64-bit numbers as decimal text, and nothing that is empty or false. */
interface RawMember {
  readonly ID?: string;
  readonly name?: string;
  readonly peerURLs?: readonly string[];
  readonly isLearner?: boolean;
}

/** etcd's answer to `/v3/cluster/member/list`; null when it is not one. */
export function parseMembers(text: string): EtcdMember[] | null {
  // Most hosts were not asked, and an error costs more than a look.
  if (text.trim() === '') return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || !('header' in value)) return null;
  const { members } = value as { readonly members?: readonly RawMember[] };
  return (Array.isArray(members) ? (members as readonly RawMember[]) : []).map((member) => ({
    id: memberIdHex(member.ID ?? ''),
    name: member.name ?? '',
    peerUrls: member.peerURLs ?? [],
    isLearner: member.isLearner === true,
  }));
}

/** The id as people and etcdctl know it: sixteen hex digits. What is no number stays as it is. */
export function memberIdHex(decimal: string): string {
  return /^\d+$/.test(decimal) ? BigInt(decimal).toString(16).padStart(16, '0') : decimal;
}
