/**
 * Whether a webhook is from CloudMetrics: its signature, checked over the body as it arrived.
 *
 * Both forms sign `{webhook-id}.{webhook-timestamp}.{body}` with HMAC-SHA256. `X-Signature: sha256=<hex>` is made
 * with the secret as it is shown; `webhook-signature: v1,<base64>`, as Standard Webhooks has it, with the bytes that
 * are written in base64 after `whsec_`.
 */
import { InvalidArgument, SignatureInvalid } from './errors.js';

const PREFIX = 'whsec_';
const ALGORITHM = { name: 'HMAC', hash: 'SHA-256' };

type Bytes = Uint8Array<ArrayBuffer>;

/** As `fetch` has them, or as Node's `http` does. */
export type WebhookHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface VerifyOptions {
  /** How old a webhook may be, and how far ahead of this machine's clock, in seconds; 300 without it. */
  readonly tolerance?: number | undefined;
  /** What time it is, in seconds since 1970; this machine's clock without it. */
  readonly now?: number | undefined;
}

/**
 * The event in a webhook, once its signature is right.
 *
 * `body` is the body as it arrived, before anybody parsed it. `secret` is the channel's, as it was shown when
 * the channel was made. An event can arrive twice: its `id` tells. Throws SignatureInvalid, InvalidArgument.
 */
export async function verify<T = unknown>(
  body: string | Uint8Array,
  headers: WebhookHeaders,
  secret: string,
  options: VerifyOptions = {},
): Promise<T> {
  const raw = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const named = lowered(headers);
  const [id, timestamp] = [named['webhook-id'], named['webhook-timestamp']];
  if (!id || !timestamp) throw new SignatureInvalid('the headers webhook-id and webhook-timestamp are needed');
  checkTime(timestamp, options.tolerance ?? 300, options.now ?? Date.now() / 1000);
  if (secret === '') throw new InvalidArgument('a secret is needed to verify webhooks');
  const signed = joined(new TextEncoder().encode(`${id}.${timestamp}.`), raw);
  if (!(await isSigned(signed, named, secret))) {
    throw new SignatureInvalid('no signature is right for this body and this secret');
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw)) as T;
  } catch {
    throw new SignatureInvalid('the body is signed, but no JSON');
  }
}

/** Whether one of the signatures is right: while a secret is being changed, there are several. */
async function isSigned(signed: Bytes, headers: Record<string, string>, secret: string): Promise<boolean> {
  const hex = /^sha256=([0-9a-f]{64})$/i.exec(headers['x-signature'] ?? '')?.[1];
  if (hex !== undefined) {
    const signature = Uint8Array.from(hex.match(/../g)!, (pair) => Number.parseInt(pair, 16));
    if (await isRight(new TextEncoder().encode(secret), signature, signed)) return true;
  }
  for (const each of (headers['webhook-signature'] ?? '').split(' ')) {
    const [version, signature = ''] = each.split(',', 2);
    const bytes = version === 'v1' ? fromBase64(signature) : null;
    if (bytes !== null && (await isRight(keyOf(secret), bytes, signed))) return true;
  }
  return false;
}

/** Compares in constant time. */
async function isRight(key: Bytes, signature: Bytes, signed: Bytes): Promise<boolean> {
  const imported = await crypto.subtle.importKey('raw', key, ALGORITHM, false, ['verify']);
  return crypto.subtle.verify('HMAC', imported, signature, signed);
}

/** Standard Webhooks' key: base64 after `whsec_`, and else the text itself, as its owner chose it. */
function keyOf(secret: string): Bytes {
  const key = secret.startsWith(PREFIX) ? fromBase64(secret.slice(PREFIX.length)) : new TextEncoder().encode(secret);
  if (key === null || key.length === 0) {
    throw new InvalidArgument('the secret is not whole: there must be base64 after whsec_');
  }
  return key;
}

function checkTime(timestamp: string, tolerance: number, now: number): void {
  if (!/^\d+$/.test(timestamp)) throw new SignatureInvalid('webhook-timestamp is no number of seconds');
  if (Math.abs(now - Number(timestamp)) > tolerance) {
    throw new SignatureInvalid('the webhook is too old, or one of the clocks is wrong');
  }
}

function lowered(headers: WebhookHeaders): Record<string, string> {
  const pairs = headers instanceof Headers ? [...headers.entries()] : Object.entries(headers);
  return Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), String(value ?? '')]));
}

function fromBase64(text: string): Bytes | null {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Bytes {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
