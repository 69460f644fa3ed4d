/** What an answer says, read without trust in it. */

/** The JSON object that a text is; null where it is none. */
export function objectOf(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The trace that `traceparent` names, by which we find a request. */
export function traceId(headers: Headers): string | null {
  const parts = (headers.get('traceparent') ?? '').split('-');
  return parts.length === 4 ? parts[1]! : null;
}

/** Seconds until it makes sense to try again, from a number or a date; null where nobody says. */
export function retryAfter(headers: Headers): number | null {
  const value = headers.get('retry-after')?.trim();
  if (!value) return null;
  const seconds = /^\d+(\.\d+)?$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? null : Math.max(0, seconds);
}

/** A text of an object; empty where there is none, or something else. */
export function text(problem: Record<string, unknown>, name: string): string {
  const value = problem[name];
  return typeof value === 'string' ? value : '';
}
