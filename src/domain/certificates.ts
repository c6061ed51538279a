import type { NodeKey } from './cluster.ts';
import type { Failure } from './event.ts';
import type { Role } from './role.ts';

/** What one X.509 certificate says of itself. Times in ms since the epoch. */
export interface CertificateFacts {
  /** `CN=…, O=…`: the common name first. */
  readonly subject: string;
  readonly issuer: string;
  /** As RKE2 calls them: `CertSign` of an authority, else `ServerAuth`, `ClientAuth`, or an object identifier. */
  readonly usages: readonly string[];
  /** Hexadecimal, in capitals, as openssl prints it. */
  readonly serial: string;
  /** SHA-256 of the certificate, hexadecimal. */
  readonly fingerprint: string;
  readonly isAuthority: boolean;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** The certificates of one file, in its order; `unreadable` counts those that are none. */
export interface CertificateFile {
  readonly path: string;
  readonly certificates: readonly CertificateFacts[];
  readonly unreadable: number;
}

/** What the files of one host hold. */
export interface FoundCertificates {
  readonly files: readonly CertificateFile[];
  /** By how much the host's clock is ahead of ours, in ms, exact to a second or two. */
  readonly clockOffsetMs: number;
}

/**
 * What a port shows to whoever connects, or why that cannot be said. `refused`: nothing listens there; `no-tool`: the
 * host has nothing to ask with; `failed`: it answered, and not with a certificate.
 */
export type ServedCertificate =
  | { readonly asked: true; readonly certificate: CertificateFacts }
  | { readonly asked: false; readonly reason: 'refused' | 'no-tool' | 'failed'; readonly words: string };

/** One node, as it was found: `found` is null when it could not be asked, and `failure` says why. */
export interface NodeCertificates {
  readonly key: NodeKey;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly found: FoundCertificates | null;
  readonly served: readonly { readonly port: number; readonly answer: ServedCertificate }[];
  readonly failure: Failure | null;
}

/** The kubeconfig on the operator's machine. */
export interface KubeconfigCertificates {
  readonly path: string;
  readonly client: readonly CertificateFacts[];
  readonly authorities: readonly CertificateFacts[];
  /** What in it could not be read; null when all could. */
  readonly complaint: string | null;
}

export type CertificateStatus = 'ok' | 'ends-soon' | 'ended' | 'not-yet-valid' | 'differs';

/** Where a certificate was seen. `node` is null on the operator's machine. */
export interface CertificatePlace {
  readonly node: string | null;
  readonly kind: 'file' | 'port' | 'kubeconfig';
  /** A path, or the port's number. */
  readonly where: string;
}

/** A certificate that was judged. */
export interface JudgedCertificate {
  readonly subject: string;
  readonly issuer: string;
  readonly usages: readonly string[];
  readonly serial: string;
  readonly fingerprint: string;
  /** ISO 8601. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** Whole days, negative when it has ended. */
  readonly daysLeft: number;
  readonly status: CertificateStatus;
}

/** One leaf in one place. */
export interface CheckedCertificate extends JudgedCertificate, CertificatePlace {
  /** The file that holds another certificate than the one that is shown here; null when it holds the same. */
  readonly differsFrom: string | null;
}

/** One authority, wherever it lies. */
export interface CheckedAuthority extends JudgedCertificate {
  readonly places: readonly CertificatePlace[];
}

/** What could not be looked at, and why. */
export interface CertificateGap {
  readonly node: string | null;
  /** A path, a port, `files` or `everything`. */
  readonly where: string;
  readonly why: string;
  /** False where nobody can do anything about it: the host has nothing to ask its ports with. */
  readonly isError: boolean;
}

export interface CertificateProblem {
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

/** What `cert check` tells; this is also the shape of its JSON. */
export interface CertificateReport {
  readonly clusterName: string;
  /** ISO 8601, by the operator's clock. */
  readonly checkedAt: string;
  readonly warnDays: number;
  /** True when none of the problems is an error. */
  readonly healthy: boolean;
  readonly nodes: readonly {
    readonly key: NodeKey;
    readonly name: string;
    readonly reached: boolean;
    /** By how much its clock is ahead; null when it was not reached. */
    readonly clockOffsetSeconds: number | null;
  }[];
  /** The most urgent first. */
  readonly certificates: readonly CheckedCertificate[];
  readonly authorities: readonly CheckedAuthority[];
  readonly gaps: readonly CertificateGap[];
  readonly problems: readonly CertificateProblem[];
}
