/** What the channel `stable` named when this rke2ctl was made; the channel itself is asked where a run needs it. */
export const STABLE_RELEASE = 'v1.35.7+rke2r1';

/** The newest release that this rke2ctl was made with. */
export const NEWEST_RELEASE = 'v1.36.4+rke2r1';

/** The first minor of Kubernetes that RKE2 was released for, and the first with a channel of its own: `v1.18`. */
export const OLDEST_MINOR = 18;
