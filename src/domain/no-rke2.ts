import type { Rke2Facts, UnitFacts } from './observed.ts';

const NO_UNIT: UnitFacts = { exists: false, active: 'inactive', enabled: false, path: null };

/** What a host says of RKE2 on which there is none. */
export const NO_RKE2: Rke2Facts = {
  binaries: [],
  rpm: false,
  previous: null,
  server: NO_UNIT,
  agent: NO_UNIT,
  marker: null,
  files: {},
  images: [],
  etcdData: false,
  caHash: null,
  snapshots: [],
  apiAnswers: false,
  nodes: null,
  members: null,
  stateCopy: null,
};
