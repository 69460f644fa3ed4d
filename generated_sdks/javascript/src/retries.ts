/** When a call is sent again, and how soon. */
import { mayRepeat, type Call } from './calls.js';
import { APIError, ConnectionFailed } from './errors.js';

const LONGEST_PAUSE = 8_000;
// Longer than this nobody waits unasked: the error says how long it would have been.
const LONGEST_RETRY_AFTER = 60;

/** The longest time that a timer can take: a longer one would end at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/** How often a call is repeated, and up to how many milliseconds it waits before the first time. */
export interface Patience {
  readonly maxRetries: number;
  readonly retryDelay: number;
}

/** After which pause, in milliseconds, a call that failed is sent again; null where it is not. */
export function pauseAfter(error: unknown, call: Call, retry: number, patience: Patience): number | null {
  if (retry >= patience.maxRetries || !passes(error, call)) return null;
  const told = error instanceof APIError ? error.retryAfter : null;
  return told === null ? jitter(patience.retryDelay, retry, LONGEST_PAUSE) : told * 1000;
}

/** Full jitter: anything up to a bound that doubles, so that clients do not come back all at once. */
export function jitter(delay: number, retry: number, longest: number): number {
  return Math.random() * Math.min(longest, delay * 2 ** retry);
}

/** Whether the same call may do better later, and may be sent again. */
function passes(error: unknown, call: Call): boolean {
  if (error instanceof ConnectionFailed) return mayRepeat(call) || !error.sent;
  if (!(error instanceof APIError)) return false;
  if (error.retryAfter !== null && error.retryAfter > LONGEST_RETRY_AFTER) return false;
  // These were not carried out, so even a call that must not run twice may be sent again.
  if (error.status === 408 || error.status === 429) return true;
  // The same call, with the same key, is still running.
  if (error.status === 409) return call.keyed === true && error.retryAfter !== null;
  return error.status >= 500 && mayRepeat(call);
}

/** Waits so many milliseconds. Throws why `signal` called it off. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
