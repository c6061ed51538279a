import * as z from 'zod';

/** A process, told apart from every other one that ever ran: what a lock file says of its holder. */
const ProcessIdentitySchema = z.object({
  host: z.string(),
  pid: z.int().positive(),
  /** Of the machine; null where it has none. Two machines can have the same name. */
  machineId: z.string().nullable(),
  /** New at every boot; null where the kernel does not tell. */
  bootId: z.string().nullable(),
  /** Pids count only inside it; null where there are none. */
  pidNamespace: z.string().nullable(),
  /** Clock ticks from boot to the start of the process: pids come again, this together with one does not. */
  processStart: z.string().nullable(),
});

export type ProcessIdentity = Readonly<z.output<typeof ProcessIdentitySchema>>;

const LockHolderSchema = ProcessIdentitySchema.extend({
  nonce: z.string().regex(/^[0-9a-f]{32}$/),
  user: z.string(),
  command: z.string(),
  since: z.iso.datetime(),
});

/** The content of a lock file. `nonce` is new each time the lock is taken. */
export type LockHolder = Readonly<z.output<typeof LockHolderSchema>>;

/** Text of a lock file → its holder; null for no text and for anything that is not one. */
export function parseHolder(text: string | null): LockHolder | null {
  if (text === null) return null;
  try {
    return LockHolderSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** For people: who, where, which process, what, since when. */
export function describeHolder(holder: LockHolder): string {
  return `${holder.user}@${holder.host} (pid ${holder.pid}): \`rke2ctl ${holder.command}\`, since ${holder.since}`;
}
