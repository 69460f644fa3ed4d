/**
 * Everything that this library throws.
 *
 * CloudMetricsError
 * ├── InvalidArgument         what was given cannot be sent
 * ├── CredentialMissing       neither an API key nor a client id was given
 * ├── ConnectionFailed        no answer came, or only a part of one
 * │   └── TimedOut            it did not come in time
 * ├── InvalidAnswer           an answer came that is none of the API
 * ├── SignatureInvalid        a webhook is not from whom it says, or too old
 * ├── BufferClosed            an event came after its buffer was closed
 * └── APIError                the API said no; by status:
 *     ├── BadRequest            400   ├── PayloadTooLarge       413
 *     ├── Unauthorized          401   ├── UnsupportedMediaType  415
 *     │   └── TokenRefused            ├── UnprocessableEntity   422
 *     ├── Forbidden             403   ├── TooManyRequests       429
 *     ├── NotFound              404   ├── ServerError           5xx
 *     ├── RequestTimeout        408   └── NotModified           304
 *     ├── Conflict              409
 *     └── PreconditionFailed    412
 */
import type { ErrorCode } from './generated/errorCodes.js';
import { isObject, retryAfter, text, traceId } from './problems.js';

/** Whatever went wrong. Names are written out, since a bundler shortens those of classes. */
export class CloudMetricsError extends Error {
  override readonly name: string = 'CloudMetricsError';
}

/** What was given to a method cannot be sent: nothing was. */
export class InvalidArgument extends CloudMetricsError {
  override readonly name: string = 'InvalidArgument';
}

/** Give `apiKey`, or set CLOUDMETRICS_API_KEY, or give `clientId` and `clientSecret`. */
export class CredentialMissing extends CloudMetricsError {
  override readonly name: string = 'CredentialMissing';
}

/** The server could not be reached, or the connection broke before the whole answer was there. */
export class ConnectionFailed extends CloudMetricsError {
  override readonly name: string = 'ConnectionFailed';
  /** False where the request cannot have reached the server. */
  readonly sent: boolean;

  constructor(message: string, options: { sent?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.sent = options.sent ?? true;
  }
}

/** There was no whole answer within the timeout. */
export class TimedOut extends ConnectionFailed {
  override readonly name: string = 'TimedOut';
}

/** Something answered that does not keep to the contract, such as a proxy with a page of its own. */
export class InvalidAnswer extends CloudMetricsError {
  override readonly name: string = 'InvalidAnswer';
  readonly status: number;
  readonly traceId: string | null;

  constructor(message: string, status: number, traceId: string | null) {
    super(message);
    this.status = status;
    this.traceId = traceId;
  }
}

/** A webhook's signature is missing, wrong, or older than is tolerated. The message says which. */
export class SignatureInvalid extends CloudMetricsError {
  override readonly name: string = 'SignatureInvalid';
}

/** The buffer was closed before this event came, so it was not taken. */
export class BufferClosed extends CloudMetricsError {
  override readonly name: string = 'BufferClosed';
}

/** One thing in the request that the contract does not allow; `pointer` or `parameter` says where. */
export interface Violation {
  readonly field: string;
  readonly code: string;
  readonly message: string;
  readonly pointer: string | null;
  readonly parameter: string | null;
}

/** The API's own no. `code` is for programs, `detail` for people, `traceId` for our support. */
export class APIError extends CloudMetricsError {
  override readonly name: string = 'APIError';
  readonly status: number;
  readonly headers: Headers;
  /** The whole problem document. */
  readonly problem: Readonly<Record<string, unknown>>;
  readonly code: ErrorCode;
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  readonly traceId: string | null;
  readonly details: Readonly<Record<string, unknown>>;
  readonly violations: readonly Violation[];
  /** For how many seconds to wait before trying again; null where nobody says. */
  readonly retryAfter: number | null;

  constructor(status: number, headers: Headers, problem: Record<string, unknown>) {
    super(sentence(status, headers, problem));
    this.status = status;
    this.headers = headers;
    this.problem = problem;
    this.code = text(problem, 'code') || `HTTP_${status}`;
    this.type = text(problem, 'type') || 'about:blank';
    this.title = text(problem, 'title');
    this.detail = text(problem, 'detail');
    this.traceId = text(problem, 'trace_id') || traceId(headers);
    this.details = isObject(problem['details']) ? problem['details'] : {};
    this.violations = violations(problem);
    this.retryAfter = retryAfter(headers);
  }
}

/** 304: what you have is still what there is, as `if_none_match` asked. */
export class NotModified extends APIError {
  override readonly name: string = 'NotModified';
}

/** 400: the request does not fit the contract; `violations` lists all that is wrong with it. */
export class BadRequest extends APIError {
  override readonly name: string = 'BadRequest';
}

/** 401: the credential is missing, malformed, unknown or revoked. */
export class Unauthorized extends APIError {
  override readonly name: string = 'Unauthorized';
}

/** The authorization server gave no access token for the client's credentials. */
export class TokenRefused extends Unauthorized {
  override readonly name: string = 'TokenRefused';
}

/** 403: the credential may not do this. */
export class Forbidden extends APIError {
  override readonly name: string = 'Forbidden';
}

/** 404: there is no such thing, or not in this workspace. */
export class NotFound extends APIError {
  override readonly name: string = 'NotFound';
}

/** 408: the request took too long to arrive. */
export class RequestTimeout extends APIError {
  override readonly name: string = 'RequestTimeout';
}

/** 409: it contradicts what is there. */
export class Conflict extends APIError {
  override readonly name: string = 'Conflict';
}

/** 412: what `if_match` names has changed since. */
export class PreconditionFailed extends APIError {
  override readonly name: string = 'PreconditionFailed';
}

/** 413: the body is larger than the operation takes. */
export class PayloadTooLarge extends APIError {
  override readonly name: string = 'PayloadTooLarge';
}

/** 415: the body is of a kind that the operation does not take. */
export class UnsupportedMediaType extends APIError {
  override readonly name: string = 'UnsupportedMediaType';
}

/** 422: understood, and impossible. */
export class UnprocessableEntity extends APIError {
  override readonly name: string = 'UnprocessableEntity';
}

/** 429: a limit is reached; `retryAfter` says for how many seconds. */
export class TooManyRequests extends APIError {
  override readonly name: string = 'TooManyRequests';
}

/** 5xx: the server's own fault. */
export class ServerError extends APIError {
  override readonly name: string = 'ServerError';
}

function sentence(status: number, headers: Headers, problem: Record<string, unknown>): string {
  const said = text(problem, 'detail') || text(problem, 'title');
  const trace = text(problem, 'trace_id') || traceId(headers);
  const wrong = violations(problem).map(
    (each) => `\n  ${each.pointer ?? each.parameter ?? each.field}: ${each.message}`,
  );
  const first = `${status} ${text(problem, 'code') || `HTTP_${status}`}${said && `: ${said}`}`;
  return `${first}${wrong.join('')}${trace ? ` (trace ${trace})` : ''}`;
}

function violations(problem: Record<string, unknown>): Violation[] {
  const listed: unknown[] = Array.isArray(problem['errors']) ? problem['errors'] : [];
  return listed.filter(isObject).map((each) => ({
    field: text(each, 'field'),
    code: text(each, 'code'),
    message: text(each, 'message'),
    pointer: text(each, 'pointer') || null,
    parameter: text(each, 'parameter') || null,
  }));
}
