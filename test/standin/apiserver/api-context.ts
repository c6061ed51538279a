import type { ObjectStore } from './object-store.ts';

/** Who asks: the certificate's common name and its organisations. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

/** What request handlers work with. */
export interface ApiContext {
  readonly store: ObjectStore;
  readonly serviceCidr: string;
}

/** One request to a resource, with its body read. */
export interface ApiRequest {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly accept: string;
  readonly contentType: string;
  readonly body: unknown;
  readonly user: User;
}

/** An answer that goes out as JSON. */
export interface ApiAnswer {
  readonly code: number;
  readonly body: unknown;
}
