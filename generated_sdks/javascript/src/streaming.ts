/** Server-Sent Events, as an iterable that goes on where a broken connection left off. */
import type { Call } from './calls.js';
import type { Client, RequestOptions } from './client.js';
import { ConnectionFailed } from './errors.js';
import { jitter, pause } from './retries.js';
import { Parser, type ServerSentEvent } from './sse.js';
import { chunksOf } from './transport.js';

const NO_CONTENT = 204;
const LONGEST_PAUSE = 8_000;

/**
 * Events as they come. A connection that breaks is made anew, from the last event on; a stream that the
 * server ends is over. Leave the loop, or abort `signal`, to stop early.
 */
export class EventStream implements AsyncIterable<ServerSentEvent> {
  readonly #client: Client;
  readonly #call: Call;
  readonly #options: RequestOptions;

  constructor(client: Client, call: Call, options: RequestOptions = {}) {
    this.#client = client;
    this.#call = { ...call, accept: 'text/event-stream' };
    this.#options = options;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ServerSentEvent, void, undefined> {
    const parser = new Parser();
    const { maxRetries, retryDelay } = { ...this.#client.patience, ...defined(this.#options) };
    // How often it failed since it last got anywhere.
    let failures = 0;
    for (;;) {
      try {
        for await (const event of this.#connect(parser)) {
          failures = 0;
          yield event;
        }
        return;
      } catch (error) {
        if (!(error instanceof ConnectionFailed) || failures >= maxRetries) throw error;
        const after = parser.retry ?? jitter(retryDelay, failures, LONGEST_PAUSE);
        failures += 1;
        await pause(after, this.#options.signal);
      }
    }
  }

  async *#connect(parser: Parser): AsyncGenerator<ServerSentEvent, void, undefined> {
    parser.begin();
    const last = parser.lastId;
    const call = last === null ? this.#call : { ...this.#call, headers: { ...this.#call.headers, 'last-event-id': last } };
    const { status, response } = await this.#client.open(call, this.#options);
    if (status === NO_CONTENT || response === null) return;
    for await (const chunk of chunksOf(response, this.#client.limits(this.#options))) yield* parser.feed(chunk);
  }
}

function defined(options: RequestOptions): Partial<{ maxRetries: number; retryDelay: number }> {
  return {
    ...(options.maxRetries === undefined ? {} : { maxRetries: options.maxRetries }),
    ...(options.retryDelay === undefined ? {} : { retryDelay: options.retryDelay }),
  };
}
