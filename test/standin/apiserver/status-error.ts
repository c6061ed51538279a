import { groupResource, type ResourceType } from './resource-catalog.ts';

/** One entry of `details.causes` in a Status. */
export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
}

/** A refusal that the client gets as a Kubernetes `Status` with this HTTP code and reason. */
export class StatusError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  toStatus(): Record<string, unknown> {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

function aboutObject(resource: ResourceType, name: string): StatusDetails {
  return { name, ...(resource.group === '' ? {} : { group: resource.group }), kind: resource.plural };
}

/** No object of this name. */
export function notFound(resource: ResourceType, name: string): StatusError {
  const message = `${groupResource(resource)} "${name}" not found`;
  return new StatusError(404, 'NotFound', message, aboutObject(resource, name));
}

/** A path that this server does not serve at all; the words are Kubernetes' own. */
export function noSuchResource(): StatusError {
  return new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
}

/** An object of this name is there already. */
export function alreadyExists(resource: ResourceType, name: string): StatusError {
  const message = `${groupResource(resource)} "${name}" already exists`;
  return new StatusError(409, 'AlreadyExists', message, aboutObject(resource, name));
}

/** The object changed under the writer's hands (optimistic concurrency), or a precondition does not hold. */
export function conflict(
  resource: ResourceType,
  name: string,
  why = 'the object has been modified; please apply your changes to the latest version and try again',
): StatusError {
  const message = `Operation cannot be fulfilled on ${groupResource(resource)} "${name}": ${why}`;
  return new StatusError(409, 'Conflict', message, aboutObject(resource, name));
}

/** The object breaks a rule of its kind; each cause names its field. */
export function invalid(
  resource: ResourceType,
  name: string,
  causes: readonly Required<StatusCause>[],
): StatusError {
  const lines = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const list = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`;
  const qualified = resource.group === '' ? resource.kind : `${resource.kind}.${resource.group}`;
  const details = { ...aboutObject(resource, name), kind: resource.kind, causes };
  return new StatusError(422, 'Invalid', `${qualified} "${name}" is invalid: ${list}`, details);
}

/** The request itself makes no sense. */
export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message);
}

/** No client certificate, or one that the client CA did not sign. */
export function unauthorized(): StatusError {
  return new StatusError(401, 'Unauthorized', 'Unauthorized');
}

/** The user is known and may not do this. */
export function forbidden(resource: ResourceType, name: string, why: string): StatusError {
  const about = name === '' ? '' : ` "${name}"`;
  const message = `${groupResource(resource)}${about} is forbidden: ${why}`;
  return new StatusError(403, 'Forbidden', message, aboutObject(resource, name));
}

/** The history that a watch asks for has been compacted away. */
export function expired(): StatusError {
  return new StatusError(410, 'Expired', 'The resourceVersion for the provided watch is too old.');
}

/** The verb is not there for this resource. */
export function methodNotAllowed(): StatusError {
  const message = 'the server does not allow this method on the requested resource';
  return new StatusError(405, 'MethodNotAllowed', message, {});
}

/** Something failed on this side, mostly etcd; the message is passed on as Kubernetes does. */
export function internalError(cause: unknown): StatusError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new StatusError(500, 'InternalError', `Internal error occurred: ${message}`);
}
