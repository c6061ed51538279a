import type { ConnectFailure } from '../connect-errors.ts';

const BY_CODE: Readonly<Record<string, ConnectFailure>> = {
  ENOTFOUND: 'host-not-found',
  EAI_AGAIN: 'host-not-found',
  ECONNREFUSED: 'connection-refused',
  EHOSTUNREACH: 'host-unreachable',
  ENETUNREACH: 'host-unreachable',
  EHOSTDOWN: 'host-unreachable',
  ETIMEDOUT: 'connect-timeout',
  ECONNRESET: 'connection-dropped',
  EPIPE: 'connection-dropped',
};

/** What kind of failure an error of ssh2 or of its socket is, before the connection stands. */
export function classifyError(error: unknown): ConnectFailure {
  if (!(error instanceof Error)) return 'connect-failed';
  const code = 'code' in error && typeof error.code === 'string' ? BY_CODE[error.code] : undefined;
  if (code !== undefined) return code;
  // Several addresses behind one name were tried: the first failure stands for all.
  if (error instanceof AggregateError && error.errors.length > 0) return classifyError(error.errors[0]);
  const { message } = error;
  if (/no matching (key exchange|.*(cipher|MAC|host key|compression))/i.test(message))
    return 'no-common-algorithm';
  if (/identification string|protocol version|bad packet length|invalid packet/i.test(message))
    return 'not-ssh';
  if (/lost before handshake|closed before|keepalive timeout/i.test(message)) return 'connection-dropped';
  if (/timed out/i.test(message)) return 'connect-timeout';
  return classifyForward(error);
}

/** The bastion's word when it could not pass a connection on: a reason number, and sometimes the C library's text. */
function classifyForward(error: Error): ConnectFailure {
  const reason = 'reason' in error ? error.reason : undefined;
  if (reason === 1) return 'forwarding-prohibited';
  if (/connection refused/i.test(error.message)) return 'connection-refused';
  if (/no route to host|unreachable/i.test(error.message)) return 'host-unreachable';
  if (/name or service not known|name resolution/i.test(error.message)) return 'host-not-found';
  return 'connect-failed';
}
