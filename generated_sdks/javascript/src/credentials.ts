/** What a client shows to be let in: an API key, or access tokens that it gets for its own id and secret. */
import { invalid, jsonOf, type Answer } from './answers.js';
import { CredentialMissing, InvalidArgument, TokenRefused } from './errors.js';
import { objectOf } from './problems.js';
import { errorOf } from './refusals.js';
import type { Request } from './transport.js';

const VARIABLE = 'CLOUDMETRICS_API_KEY';
// A token is not used in its last seconds, in which it might end on its way.
const MARGIN = 30;

export type Shown = Readonly<Record<string, string>>;

/** Sends what a credential asks for, with the client's retries; `take` says what an answer means. */
export type Ask = (request: Request, take: (answer: Answer) => Shown) => Promise<Shown>;

/** Gives the headers that carry the credential: other ones than `refused`, if there are any. */
export interface Credential {
  headers(ask: Ask, refused?: Shown): Shown | Promise<Shown>;
}

export interface CredentialOptions {
  /** The key; or else that of the environment's CLOUDMETRICS_API_KEY, where there is an environment. */
  readonly apiKey?: string | undefined;
  /** Of an OAuth client, for which access tokens are got and renewed. Not for programs that others can read. */
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
}

/** What was given, or else the key in the environment. Throws CredentialMissing, InvalidArgument. */
export function chooseCredential(options: CredentialOptions): Credential {
  if (options.clientId && options.clientSecret && !options.apiKey) {
    return new ClientCredentials(options.clientId, options.clientSecret, options.scopes ?? []);
  }
  const key = (options.apiKey || environment(VARIABLE)).trim();
  if (key) return new ApiKey(key);
  throw new CredentialMissing(`give apiKey, or set ${VARIABLE}, or give clientId and clientSecret`);
}

/** A variable of the environment; empty where there is none, as in a browser. */
export function environment(name: string): string {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.[name] ?? '';
}

/** A key, which is the same for good. */
class ApiKey implements Credential {
  readonly #headers: Shown;

  constructor(key: string) {
    this.#headers = { 'api-key': sendable(key) };
  }

  headers(): Shown {
    return this.#headers;
  }
}

/** OAuth 2 client credentials: an access token, got when it is needed and again before it ends. */
class ClientCredentials implements Credential {
  readonly #request: Request;
  #shown: Shown | null = null;
  #until = 0;
  #coming: Promise<Shown> | null = null;

  constructor(clientId: string, clientSecret: string, scopes: readonly string[]) {
    const form = new URLSearchParams({ grant_type: 'client_credentials' });
    if (scopes.length > 0) form.set('scope', scopes.join(' '));
    this.#request = {
      method: 'POST',
      target: '/oauth/token',
      headers: {
        // Both are form-encoded before they are joined, which RFC 6749 asks for.
        authorization: `Basic ${btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`)}`,
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
      },
      body: form.toString(),
    };
  }

  /** Calls at the same time wait for one token together. */
  headers(ask: Ask, refused?: Shown): Shown | Promise<Shown> {
    if (this.#shown !== null && this.#shown !== refused && Date.now() < this.#until) return this.#shown;
    this.#coming ??= ask(this.#request, (answer) => this.#take(answer)).finally(() => {
      this.#coming = null;
    });
    return this.#coming;
  }

  /** The headers that carry the token. Throws TokenRefused, ServerError, InvalidAnswer. */
  #take(answer: Answer): Shown {
    const { status } = answer;
    if (status === 400 || status === 401 || status === 403) throw refusal(answer);
    if (status < 200 || status >= 300) throw errorOf(status, answer.headers, answer.body);
    const { access_token: token, expires_in: lasts = 3600 } = jsonOf(answer);
    if (typeof token !== 'string' || typeof lasts !== 'number') throw invalid(answer, 'no access token');
    this.#shown = { authorization: `Bearer ${sendable(token)}` };
    // A token that lasts less than the margin is used for half its time.
    this.#until = Date.now() + 1000 * Math.max(lasts - MARGIN, lasts / 2);
    return this.#shown;
  }
}

/** OAuth's own error, which is no problem document, as one. */
function refusal(answer: Answer): TokenRefused {
  const body = objectOf(answer.body) ?? {};
  const code = String(body['error'] ?? 'invalid_client').toUpperCase();
  return new TokenRefused(answer.status, answer.headers, { code, detail: body['error_description'] });
}

/** The secret, if a header can carry it. Throws InvalidArgument, which does not show it. */
function sendable(secret: string): string {
  if (!/^[!-~]+$/.test(secret)) {
    throw new InvalidArgument('the credential has characters that no credential has; was it copied whole?');
  }
  return secret;
}
