/** Files, as they arrive. */
import type { Call } from './calls.js';
import type { Client, RequestOptions } from './client.js';
import { chunksOf } from './transport.js';

/**
 * A file. Nothing is asked for before it is read; read it once, in one of these ways.
 *
 * Throws ConnectionFailed where the file ends before it is whole.
 */
export class Download implements AsyncIterable<Uint8Array> {
  readonly #client: Client;
  readonly #call: Call;
  readonly #options: RequestOptions | undefined;

  constructor(client: Client, call: Call, options?: RequestOptions) {
    this.#client = client;
    this.#call = call;
    this.#options = options;
  }

  /** The file, in pieces. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const { response } = await this.#client.open(this.#call, this.#options);
    if (response !== null) yield* chunksOf(response, this.#client.limits(this.#options));
  }

  /** The file as a stream, to be piped into a file or another answer. */
  stream(): ReadableStream<Uint8Array> {
    const chunks = this[Symbol.asyncIterator]();
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await chunks.return();
      },
    });
  }

  /** The lines of a text, such as NDJSON, without their ends. */
  async *lines(): AsyncGenerator<string, void, undefined> {
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of this) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop()!;
      yield* lines;
    }
    rest += decoder.decode();
    if (rest !== '') yield rest;
  }

  /** All of it. */
  async bytes(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of this) {
      chunks.push(chunk);
      size += chunk.length;
    }
    const whole = new Uint8Array(size);
    let at = 0;
    for (const chunk of chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }

  /** All of it, as text. */
  async text(): Promise<string> {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(await this.bytes());
  }
}
