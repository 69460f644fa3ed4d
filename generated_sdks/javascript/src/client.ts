/** The client that resources are made for: it sends their calls, and sends them again where that is safe. */
import { Answered, jsonOf, withResponse, type Answer } from './answers.js';
import { bodyOf, headersOf, targetOf, type Call, type Query } from './calls.js';
import { chooseCredential, environment, type Ask, type Credential, type CredentialOptions } from './credentials.js';
import { APIError, InvalidArgument } from './errors.js';
import { VERSION } from './generated/version.js';
import { errorOf } from './refusals.js';
import { pause, pauseAfter, type Patience } from './retries.js';
import { Transport, type Fetch, type Limits, type Request } from './transport.js';

const BASE_URL = 'http://127.0.0.1:8080';
const TIMEOUT = 30_000;

/** What can be told to one call as well as to a client. */
export interface RequestOptions {
  /** For each attempt, in milliseconds; 30,000 without it. */
  readonly timeout?: number | undefined;
  /** How often a call that failed in passing is sent again, where that is safe; 2 without it. */
  readonly maxRetries?: number | undefined;
  /** The longest pause before the first repetition, in milliseconds, doubled each time; 500 without it. */
  readonly retryDelay?: number | undefined;
  /** Sent along with what the call needs itself. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Calls it off. */
  readonly signal?: AbortSignal | undefined;
}

export interface ClientOptions extends CredentialOptions, Omit<RequestOptions, 'signal'> {
  /** The server's address without `/v1`; or else the environment's CLOUDMETRICS_BASE_URL, or your own machine. */
  readonly baseUrl?: string | undefined;
  /** Instead of the global `fetch`: for proxies and certificates of your own. */
  readonly fetch?: Fetch | undefined;
}

/**
 * The API's connection. `CloudMetrics` is one with all resources; with this one and the resources that you
 * need, a bundle has nothing else in it: `new Goals(new Client()).list()`.
 */
export class Client {
  readonly #options: ClientOptions;
  readonly #credential: Credential;
  readonly #transport: Transport;
  readonly #headers: Readonly<Record<string, string>>;

  /** Throws CredentialMissing, InvalidArgument. */
  constructor(options: ClientOptions = {}, credential?: Credential) {
    this.#options = options;
    this.#credential = credential ?? chooseCredential(options);
    this.#transport = new Transport(addressOf(options.baseUrl), options.fetch ?? globalThis.fetch.bind(globalThis));
    this.#headers = { ...userAgent(), ...lowered(options.headers) };
  }

  /** The same client with other options; access tokens are shared. */
  withOptions(changes: Omit<RequestOptions, 'signal'>): this {
    const kind = this.constructor as new (options: ClientOptions, credential: Credential) => this;
    return new kind({ ...this.#options, ...changes }, this.#credential);
  }

  get patience(): Patience {
    return patienceOf(this.#options, {});
  }

  /** Calls something that this version has no method for, such as `GET /v1/new-things`; gives all of its JSON. */
  request(
    method: string,
    path: string,
    given: { query?: Query; body?: unknown } = {},
    options?: RequestOptions,
  ): Answered<Record<string, unknown>> {
    return this.call({ method: method.toUpperCase(), path, ...given }, jsonOf, options);
  }

  /** Sends a call; `take` takes what it gives out of the answer. */
  call<T>(call: Call, take: (answer: Answer) => T, options?: RequestOptions): Answered<T> {
    return new Answered(this.send(call, options).then((answer) => withResponse(answer, take)));
  }

  /** The answer to a call, whole. Throws APIError, ConnectionFailed. */
  send(call: Call, options: RequestOptions = {}): Promise<Answer> {
    return this.#attempt(call, options, (request, limits) => this.#transport.send(request, limits));
  }

  /** The answer to a call, whose body is yet to be read. Throws APIError, ConnectionFailed. */
  open(call: Call, options: RequestOptions = {}): Promise<Answer> {
    return this.#attempt(call, options, (request, limits) => this.#transport.open(request, limits));
  }

  /** For how long a call may take, and who may call it off. */
  limits(options: RequestOptions = {}): Limits {
    return { timeout: options.timeout ?? this.#options.timeout ?? TIMEOUT, signal: options.signal };
  }

  async #attempt(
    call: Call,
    options: RequestOptions,
    send: (request: Request, limits: Limits) => Promise<Answer>,
  ): Promise<Answer> {
    const { method, keepalive = false } = call;
    const [target, body, limits] = [targetOf(call), bodyOf(call), this.limits(options)];
    const own = { ...this.#headers, ...lowered(options.headers), ...headersOf(call) };
    let shown = await this.#credential.headers(this.#ask);
    let refused = false;
    for (let retry = 0; ; ) {
      try {
        const request = { method, target, headers: { ...own, ...shown }, body, keepalive };
        return good(await send(request, limits));
      } catch (error) {
        if (error instanceof APIError && error.status === 401 && !refused) {
          // A token may have ended early. Another one, if there is another one, is tried once.
          refused = true;
          const other = await this.#credential.headers(this.#ask, shown);
          if (other !== shown) {
            shown = other;
            continue;
          }
        }
        const after = pauseAfter(error, call, retry, patienceOf(this.#options, options));
        if (after === null) throw error;
        retry += 1;
        await pause(after, limits.signal);
      }
    }
  }

  /** Getting a token fails in passing like anything else. */
  readonly #ask: Ask = async (request, take) => {
    const call: Call = { method: request.method, path: request.target, repeatable: true };
    for (let retry = 0; ; retry += 1) {
      try {
        return take(await this.#transport.send(request, this.limits()));
      } catch (error) {
        const after = pauseAfter(error, call, retry, this.patience);
        if (after === null) throw error;
        await pause(after);
      }
    }
  };
}

function good(answer: Answer): Answer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw errorOf(answer.status, answer.headers, answer.body);
}

function patienceOf(client: ClientOptions, call: RequestOptions): Patience {
  return {
    maxRetries: call.maxRetries ?? client.maxRetries ?? 2,
    retryDelay: call.retryDelay ?? client.retryDelay ?? 500,
  };
}

function addressOf(given: string | undefined): string {
  const address = given || environment('CLOUDMETRICS_BASE_URL') || BASE_URL;
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new InvalidArgument(`baseUrl is the address of a server, such as ${BASE_URL}, not '${address}'`);
  }
  const plain = address.replace(/\/+$/, '');
  if (plain.endsWith('/v1')) throw new InvalidArgument(`baseUrl goes without /v1: '${address}'`);
  return plain;
}

function lowered(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** Which client it is. A browser says who it is itself, and asks the server's leave for any header. */
function userAgent(): Record<string, string> {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  const node = process?.versions?.node;
  return node ? { 'user-agent': `cloudmetrics-javascript/${VERSION} (Node.js ${node})` } : {};
}
