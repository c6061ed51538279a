/** Something dear that several figures use, as a lab with a running cluster: one object, by which they mean the same one. */
export interface Fixture<T> {
  readonly make: () => Promise<Standing<T>>;
}

/** A fixture that stands, and how it goes away. */
export interface Standing<T> {
  readonly value: T;
  readonly end: () => Promise<void>;
}

/** Gives what a fixture stands for; the first who asks has it made. */
export type Share = <T>(fixture: Fixture<T>) => Promise<T>;

/** The fixtures of one run of the bench. */
export interface Fixtures {
  readonly share: Share;
  /** Ends those that stand and are not among these. */
  readonly keepOnly: (needed: readonly Fixture<unknown>[]) => Promise<void>;
}

/** Nothing stands at first. */
export function createFixtures(): Fixtures {
  const standing = new Map<Fixture<unknown>, Promise<Standing<unknown>>>();
  return {
    share: async <T>(fixture: Fixture<T>): Promise<T> => {
      const known = standing.get(fixture) as Promise<Standing<T>> | undefined;
      const made = known ?? fixture.make();
      standing.set(fixture, made);
      return (await made).value;
    },
    keepOnly: async (needed) => {
      for (const [fixture, made] of standing) {
        if (needed.includes(fixture)) continue;
        standing.delete(fixture);
        // One that could not be made has said so to whoever asked for it.
        await made.then(
          ({ end }) => end(),
          () => undefined,
        );
      }
    },
  };
}
