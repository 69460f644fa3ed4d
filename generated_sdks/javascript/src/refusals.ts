/** Which error an answer means. */
import {
  APIError,
  NotModified,
  BadRequest,
  Unauthorized,
  Forbidden,
  NotFound,
  RequestTimeout,
  Conflict,
  PreconditionFailed,
  PayloadTooLarge,
  UnsupportedMediaType,
  UnprocessableEntity,
  TooManyRequests,
  ServerError,
} from './errors.js';
import { objectOf } from './problems.js';

const BY_STATUS: Readonly<Record<number, typeof APIError>> = {
  304: NotModified,
  400: BadRequest,
  401: Unauthorized,
  403: Forbidden,
  404: NotFound,
  408: RequestTimeout,
  409: Conflict,
  412: PreconditionFailed,
  413: PayloadTooLarge,
  415: UnsupportedMediaType,
  422: UnprocessableEntity,
  429: TooManyRequests,
};

/** The error that an answer means, whatever its body holds. */
export function errorOf(status: number, headers: Headers, body: string): APIError {
  const kind = BY_STATUS[status] ?? (status >= 500 ? ServerError : APIError);
  return new kind(status, headers, objectOf(body) ?? {});
}
