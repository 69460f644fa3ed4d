/** Lists that go on over all pages by themselves, and can be taken page by page. */
import { invalid, jsonOf, type Answer } from './answers.js';
import type { Call } from './calls.js';
import type { Client, RequestOptions } from './client.js';
import { InvalidAnswer } from './errors.js';
import { isObject } from './problems.js';

/** Some things of a list. `nextCursor` is where the next page begins, null on the last one. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
  readonly meta: Readonly<Record<string, unknown>>;
}

/** A list. `for await` over it asks for page after page, as far as you go. */
export class Pager<T> implements AsyncIterable<T> {
  readonly #client: Client;
  readonly #call: Call;
  readonly #place: 'query' | 'body';
  readonly #options: RequestOptions | undefined;

  /** `place` is where the cursor goes. */
  constructor(client: Client, call: Call, place: 'query' | 'body', options?: RequestOptions) {
    this.#client = client;
    this.#call = call;
    this.#place = place;
    this.#options = options;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const page of this.pages()) yield* page.items;
  }

  /** The pages, each asked for when it is its turn. Throws InvalidAnswer where the list goes in a circle. */
  async *pages(): AsyncGenerator<Page<T>, void, undefined> {
    let call = this.#call;
    let last: unknown = (call[this.#place] as { cursor?: unknown } | undefined)?.cursor;
    for (;;) {
      const page = await this.#client.call(call, pageOf<T>, this.#options);
      yield page;
      if (page.nextCursor === null) return;
      if (page.nextCursor === last) {
        throw new InvalidAnswer('the list goes in a circle: its cursor leads to itself', 200, null);
      }
      last = page.nextCursor;
      call = { ...this.#call, [this.#place]: { ...(this.#call[this.#place] as object), cursor: last } };
    }
  }

  /** The first page alone, or the one at the cursor that the list was given. */
  page(): Promise<Page<T>> {
    return this.#client.call(this.#call, pageOf<T>, this.#options);
  }

  /** All things of all pages at once. A list can be long. */
  async all(): Promise<T[]> {
    const items: T[] = [];
    for await (const item of this) items.push(item);
    return items;
  }
}

function pageOf<T>(answer: Answer): Page<T> {
  const { data, pagination, meta } = jsonOf(answer);
  if (!Array.isArray(data) || !isObject(pagination)) throw invalid(answer, 'no page of a list');
  const next = pagination['next_cursor'];
  if (typeof next !== 'string' && next !== null) throw invalid(answer, 'a page without its next_cursor');
  return {
    items: data as T[],
    nextCursor: next,
    hasMore: pagination['has_more'] === true,
    meta: isObject(meta) ? meta : {},
  };
}
