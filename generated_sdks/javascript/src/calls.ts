/** A call of the API, and how what it is given becomes a request. */
import { InvalidArgument } from './errors.js';

const JSON_TYPE = 'application/json';
const KEY = 'idempotency-key';
// What HTTP itself calls idempotent. A POST is repeated where the contract says that it may be.
const REPEATABLE = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']);

/** A body that is no JSON: a file, or its bytes. It must be of a kind that can be sent twice. */
export type Content = string | ArrayBuffer | Uint8Array<ArrayBuffer> | Blob;

/** What is in a query: texts, numbers, truths, moments, and lists of them. What is undefined or null is left out. */
export type Query = Readonly<Record<string, unknown>>;

/** What is asked, before anybody knows where and as whom. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly content?: Content;
  readonly mediaType?: string;
  readonly accept?: string;
  /** Sending it twice does no harm. */
  readonly repeatable?: boolean;
  /** It gets an Idempotency-Key, which makes it repeatable. */
  readonly keyed?: boolean;
  /** It may outlive the page that sends it. */
  readonly keepalive?: boolean;
}

export function mayRepeat(call: Call): boolean {
  return call.repeatable === true || call.keyed === true || REPEATABLE.has(call.method);
}

/** Path and query, ready to be sent. */
export function targetOf(call: Call): string {
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(call.query ?? {})) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined && each !== null) {
        pairs.push(`${encodeURIComponent(name)}=${encodeURIComponent(textOf(each))}`);
      }
    }
  }
  return pairs.length > 0 ? `${call.path}?${pairs.join('&')}` : call.path;
}

/** What is sent. Throws InvalidArgument for numbers that JSON does not know. */
export function bodyOf(call: Call): Content | undefined {
  if (call.content !== undefined) return call.content;
  return call.body === undefined ? undefined : toJson(call.body);
}

/**
 * The headers that the call itself needs; a keyed one gets a key of its own unless it has one.
 *
 * Throws InvalidArgument for what no header can carry.
 */
export function headersOf(call: Call): Record<string, string> {
  const headers: Record<string, string> = { accept: call.accept ?? JSON_TYPE };
  for (const [name, value] of Object.entries(call.headers ?? {})) {
    if (value === undefined || value === null) continue;
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) throw new InvalidArgument(`${name} has characters that no header has`);
    headers[name.toLowerCase()] = value;
  }
  if (call.content !== undefined || call.body !== undefined) {
    headers['content-type'] = call.mediaType ?? JSON_TYPE;
  }
  if (call.keyed) headers[KEY] ??= uuid();
  return headers;
}

/** A value as one segment of a path. Throws InvalidArgument for one that would lead to another path. */
export function segment(value: string): string {
  const text = String(value ?? '');
  if (text === '' || text === '.' || text === '..') {
    throw new InvalidArgument(`'${text}' names nothing; an id is needed here`);
  }
  return encodeURIComponent(text);
}

/** JSON, which knows no infinity: `JSON.stringify` would make null of it in silence. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (name, each: unknown) => {
    if (typeof each === 'number' && !Number.isFinite(each)) {
      throw new InvalidArgument(`${name} is ${each}, which JSON cannot hold`);
    }
    return each;
  });
}

/** A random UUID. `crypto.randomUUID` is missing in pages that came without TLS. */
export function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function textOf(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value);
}
