/** Sends one request with `fetch`, and says what went wrong in this library's own terms. */
import type { Answer } from './answers.js';
import type { Content } from './calls.js';
import { ConnectionFailed, TimedOut } from './errors.js';
import { LONGEST_TIMER } from './retries.js';

/** A request that is ready to go, but for the server's address. */
export interface Request {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Content | undefined;
  readonly keepalive?: boolean;
}

/** For how long to wait, in milliseconds, and who may call it off. */
export interface Limits {
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Codes of Node.js for what failed before anything was sent. Browsers do not tell. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

/** Sends requests to one server. */
export class Transport {
  readonly #baseUrl: string;
  readonly #fetch: Fetch;

  constructor(baseUrl: string, fetch: Fetch) {
    this.#baseUrl = baseUrl;
    this.#fetch = fetch;
  }

  /** The whole answer. Throws ConnectionFailed, or why `signal` called it off. */
  async send(request: Request, limits: Limits): Promise<Answer> {
    const watch = new Watch(limits);
    try {
      const response = await this.#begin(request, watch);
      const body = await response.text();
      return { status: response.status, headers: response.headers, body, response: null };
    } catch (error) {
      throw watch.failure(error);
    } finally {
      watch.end();
    }
  }

  /** An answer whose body, if the answer is a good one, is yet to be read: with `chunksOf`. */
  async open(request: Request, limits: Limits): Promise<Answer> {
    const watch = new Watch(limits);
    try {
      const response = await this.#begin(request, watch);
      const { status, headers } = response;
      if (!response.ok) return { status, headers, body: await response.text(), response: null };
      return { status, headers, body: '', response };
    } catch (error) {
      throw watch.failure(error);
    } finally {
      watch.end();
    }
  }

  #begin(request: Request, watch: Watch): Promise<Response> {
    const { method, headers, body, keepalive } = request;
    return this.#fetch(this.#baseUrl + request.target, {
      method,
      headers,
      // A redirect is an answer like others, since the credential would go along.
      redirect: 'manual',
      signal: watch.signal,
      ...(body === undefined ? {} : { body }),
      ...(keepalive ? { keepalive } : {}),
    });
  }
}

/** The body of an open answer, in pieces, none of which may take longer than the timeout. */
export async function* chunksOf(response: Response, limits: Limits): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await inTime(reader, limits);
      if (done) return;
      yield value;
    }
  } finally {
    // Whoever stops early leaves no connection behind.
    await reader.cancel().catch(() => undefined);
  }
}

async function inTime<T>(reader: ReadableStreamDefaultReader<T>, limits: Limits): Promise<ReadableStreamReadResult<T>> {
  const watch = new Watch(limits);
  try {
    return await Promise.race([reader.read(), watch.ended]);
  } catch (error) {
    throw watch.failure(error);
  } finally {
    watch.end();
  }
}

/** Browsers say the same of everything that fails, and do not tell programs what it was. */
function hint(): string {
  const { document, origin } = globalThis as { document?: unknown; origin?: string };
  return document === undefined ? '' : ` (is ${origin} one of the workspace's cors_origins, and the server there?)`;
}

/** Ends something once it has taken too long, or somebody calls it off. */
class Watch {
  readonly #controller = new AbortController();
  readonly #limits: Limits;
  readonly #timer: ReturnType<typeof setTimeout>;
  #late = false;

  constructor(limits: Limits) {
    this.#limits = limits;
    limits.signal?.throwIfAborted();
    limits.signal?.addEventListener('abort', this.#abort);
    this.#timer = setTimeout(() => {
      this.#late = true;
      this.#controller.abort();
    }, Math.min(limits.timeout, LONGEST_TIMER));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** A promise that is never kept, and broken when it is over. */
  get ended(): Promise<never> {
    return new Promise((_, reject) => {
      this.signal.addEventListener('abort', () => reject(this.signal.reason));
    });
  }

  failure(error: unknown): unknown {
    if (this.#limits.signal?.aborted) return this.#limits.signal.reason;
    if (this.#late) return new TimedOut(`no whole answer came within ${this.#limits.timeout} ms`, { cause: error });
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const code = (cause as { code?: unknown } | null)?.code;
    const said = (cause instanceof Error ? cause.message : String(cause)) + hint();
    const sent = !(typeof code === 'string' && NEVER_SENT.has(code));
    return new ConnectionFailed(`no whole answer came: ${said}`, { sent, cause: error });
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#limits.signal?.removeEventListener('abort', this.#abort);
  }

  readonly #abort = (): void => this.#controller.abort();
}
