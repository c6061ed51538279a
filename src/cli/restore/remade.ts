import type { Conclusion } from '../run-maintenance.ts';

/** The end of a verb that has made etcd anew: what it holds now, and what is left of before. */
export function remade(words: string): Conclusion {
  return {
    words: `${words} Every Node is Ready. Databases of before lie on the servers as server/db/etcd-old-*: delete them when nothing is missed.`,
  };
}
