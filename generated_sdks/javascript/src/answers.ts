/** What came back, and how a method's result is taken out of it. */
import { InvalidAnswer } from './errors.js';
import { isObject, objectOf, traceId } from './problems.js';

/** An answer. `response` is the open one where its body was left unread. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  readonly response: Response | null;
}

/** What a method gives, and the answer that it came in. */
export interface WithResponse<T> {
  readonly data: T;
  readonly status: number;
  readonly headers: Headers;
  /** For `if_match` and `if_none_match`. */
  readonly etag: string | null;
  readonly traceId: string | null;
  /** What is said about the answer, such as the question as it was understood. */
  readonly meta: Readonly<Record<string, unknown>>;
}

/** What a method will give. Await it, or its `withResponse()` for the headers and `meta` as well. */
export class Answered<T> extends Promise<T> {
  readonly #whole: Promise<WithResponse<T>>;

  // What `then` makes of it is a promise like any other.
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  constructor(whole: Promise<WithResponse<T>>) {
    super((resolve, reject) => {
      whole.then((answer) => resolve(answer.data), reject);
    });
    this.#whole = whole;
  }

  withResponse(): Promise<WithResponse<T>> {
    // Whoever waits for the whole hears of a failure there; it is not unhandled here.
    this.catch(() => undefined);
    return this.#whole;
  }
}

export function withResponse<T>(answer: Answer, take: (answer: Answer) => T): WithResponse<T> {
  const meta = objectOf(answer.body)?.['meta'];
  return {
    data: take(answer),
    status: answer.status,
    headers: answer.headers,
    etag: answer.headers.get('etag'),
    traceId: traceId(answer.headers),
    meta: isObject(meta) ? meta : {},
  };
}

/** The answer's `data`. Throws InvalidAnswer where there is none. */
export function takeData<T>(answer: Answer): T {
  const { data } = jsonOf(answer);
  if (!isObject(data)) throw invalid(answer, 'without data');
  return data as T;
}

/** All of the answer. Throws InvalidAnswer where it is no object. */
export function takeAll<T>(answer: Answer): T {
  return jsonOf(answer) as T;
}

export function takeNothing(): void {}

export function jsonOf(answer: Answer): Record<string, unknown> {
  const value = objectOf(answer.body);
  if (value === null) throw invalid(answer, 'no JSON object');
  return value;
}

export function invalid(answer: Answer, what: string): InvalidAnswer {
  const type = answer.headers.get('content-type') ?? 'no type';
  const said = `the answer ${answer.status} (${type}) is ${what}`;
  return new InvalidAnswer(said, answer.status, traceId(answer.headers));
}
