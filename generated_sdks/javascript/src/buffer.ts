/** Events one by one, sent in batches in the background, and none of them lost on the way. */
import { takeData } from './answers.js';
import { toJson, uuid } from './calls.js';
import type { Client } from './client.js';
import { APIError, BufferClosed, CloudMetricsError, ConnectionFailed, InvalidAnswer, InvalidArgument, TimedOut } from './errors.js';
import type { EventCreate, EventReceipts } from './generated/types.js';
import { jitter, LONGEST_TIMER } from './retries.js';

// What the API takes in one batch.
const MOST_EVENTS = 1000;
const MOST_BYTES = 4 * 1024 * 1024;
const LONGEST_PAUSE = 30_000;
// What a browser lets a page send after it is gone.
const MOST_KEPT_ALIVE = 60_000;
// Statuses that the same batch will not meet again: the server is busy, or broken for a while.
const PASSING = new Set([408, 409, 425, 429]);

/** An event as it is given to a buffer, which adds what is missing of these. */
export type BufferedEvent = Omit<EventCreate, 'id' | 'timestamp'> & {
  readonly id?: string;
  readonly timestamp?: string | Date;
};

export type EventReceipt = EventReceipts['receipts'][number];

export interface EventsBufferOptions {
  /** How many events are sent at once, at most; 500 without it. */
  readonly batchSize?: number | undefined;
  /** For how long an event waits for others, in milliseconds; 1,000 without it. */
  readonly interval?: number | undefined;
  /** How many events may wait; 50,000 without it. When there are more, `add` waits too. */
  readonly capacity?: number | undefined;
  /** Called with each receipt of an event that the server would not take. */
  readonly onRejected?: ((receipt: EventReceipt) => void) | undefined;
  /** Called with the error and the events of a batch that will never be taken; without it, `flush` throws. */
  readonly onFailure?: ((error: CloudMetricsError, events: BufferedEvent[]) => void) | undefined;
}

/**
 * Takes events at once and sends them soon: a full batch, or all there are every `interval`.
 *
 * An event without `id` gets one, so that a batch that is sent twice counts once, and one without
 * `timestamp` has just happened. A batch that fails in passing is sent again until it is through. Node.js does
 * not end by itself while events wait; a page that is left sends them first. Close it when you are done.
 */
export class EventsBuffer {
  accepted = 0;
  duplicates = 0;
  rejected = 0;

  readonly #client: Client;
  readonly #options: EventsBufferOptions;
  readonly #batchSize: number;
  readonly #capacity: number;
  #waiting: string[] = [];
  #inFlight = 0;
  #flushing = 0;
  #closed = false;
  #error: CloudMetricsError | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #wake: (() => void) | null = null;
  #listeners: (() => void)[] = [];

  /** Throws InvalidArgument. */
  constructor(client: Client, options: EventsBufferOptions = {}) {
    this.#batchSize = options.batchSize ?? 500;
    this.#capacity = options.capacity ?? 50_000;
    if (this.#batchSize < 1 || this.#batchSize > MOST_EVENTS || this.#capacity < this.#batchSize) {
      throw new InvalidArgument(`a batch has 1 to ${MOST_EVENTS} events, and the buffer holds at least a batch`);
    }
    // What the client itself repeats would only hide from the buffer how the server is.
    this.#client = client.withOptions({ maxRetries: 0 });
    this.#options = options;
    globalThis.document?.addEventListener('visibilitychange', this.#onHidden);
  }

  /** How many events are not through yet. */
  get size(): number {
    return this.#waiting.length + this.#inFlight;
  }

  /** Takes an event. Waits only while the buffer is full. Throws BufferClosed, InvalidArgument. */
  async add(event: BufferedEvent): Promise<void> {
    const line = toJson({ id: uuid(), timestamp: new Date(), ...event });
    while (this.#waiting.length >= this.#capacity && !this.#closed) await this.#change();
    if (this.#closed) throw new BufferClosed('the buffer was closed; this event was not taken');
    this.#waiting.push(line);
    this.#schedule();
  }

  /** Waits until all events so far are sent. Throws TimedOut, and what the server said no with. */
  async flush(timeout = Number.POSITIVE_INFINITY): Promise<void> {
    const ends = Date.now() + timeout;
    this.#flushing += 1;
    try {
      this.#schedule();
      while (this.size > 0) {
        if (Date.now() >= ends) throw new TimedOut(`${this.size} events are still to be sent after ${timeout} ms`);
        await this.#change(ends - Date.now());
      }
    } finally {
      this.#flushing -= 1;
    }
    const error = this.#error;
    this.#error = null;
    if (error !== null) throw error;
  }

  /** Sends what is there, and ends. Throws what `flush` throws. */
  async close(timeout = 30_000): Promise<void> {
    try {
      await this.flush(timeout);
    } finally {
      this.#closed = true;
      this.#wake?.();
      this.#changed();
      globalThis.document?.removeEventListener('visibilitychange', this.#onHidden);
    }
  }

  /** Sends now where there is enough or somebody waits for it, and else when it is time. */
  #schedule(): void {
    if (this.#inFlight > 0 || this.#waiting.length === 0) return;
    if (this.#waiting.length >= this.#batchSize || this.#flushing > 0) void this.#send();
    else this.#timer ??= setTimeout(() => void this.#send(), this.#options.interval ?? 1000);
  }

  async #send(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#inFlight > 0) return;
    const batch = this.#next();
    this.#inFlight = batch.length;
    this.#changed();
    try {
      await this.#deliver(batch);
    } finally {
      // Also where a function of the caller's throws, which is not the buffer's to hide.
      this.#inFlight = 0;
      this.#changed();
      this.#schedule();
    }
  }

  /** The next events, as many as fit into a batch. */
  #next(): string[] {
    let size = 0;
    let count = 0;
    for (const line of this.#waiting.slice(0, this.#batchSize)) {
      // A letter takes at most three bytes; only where that is too much does it matter how many.
      size += line.length * 3 > MOST_BYTES / this.#batchSize ? new TextEncoder().encode(line).length : line.length * 3;
      if (count > 0 && size > MOST_BYTES) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  /** Sends a batch until it is through, or until it is clear that it never will be. */
  async #deliver(batch: string[]): Promise<void> {
    const content = `{"events":[${batch.join(',')}]}`;
    const keepalive = content.length < MOST_KEPT_ALIVE && globalThis.document?.visibilityState === 'hidden';
    const call = { method: 'POST', path: '/v1/events', content, repeatable: true, keepalive };
    for (let retry = 0; ; retry += 1) {
      let receipts: EventReceipts;
      try {
        receipts = await this.#client.call(call, takeData<EventReceipts>);
      } catch (error) {
        if (!passes(error) || this.#closed) {
          this.#fail(error, batch);
          return;
        }
        const told = error instanceof APIError ? error.retryAfter : null;
        await this.#pause(told === null ? jitter(this.#client.patience.retryDelay, retry, LONGEST_PAUSE) : told * 1000);
        continue;
      }
      return this.#receive(receipts);
    }
  }

  #receive(data: EventReceipts): void {
    this.accepted += Number(data.accepted);
    this.duplicates += Number(data.duplicates);
    this.rejected += Number(data.rejected);
    if (!data.rejected || this.#options.onRejected === undefined) return;
    for (const receipt of data.receipts) {
      if (receipt.status === 'REJECTED') this.#options.onRejected(receipt);
    }
  }

  #fail(error: unknown, batch: string[]): void {
    const known = error instanceof CloudMetricsError ? error : new CloudMetricsError(String(error), { cause: error });
    if (this.#options.onFailure === undefined) this.#error = known;
    else this.#options.onFailure(known, batch.map((line) => JSON.parse(line) as BufferedEvent));
  }

  /** Waits so many milliseconds, or until it is closed. */
  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(milliseconds, LONGEST_TIMER));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Waits until something has changed, or for so many milliseconds. */
  #change(milliseconds = Number.POSITIVE_INFINITY): Promise<void> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(milliseconds) ? setTimeout(resolve, milliseconds) : undefined;
      this.#listeners.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #changed(): void {
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }

  /** A page that is hidden may not come back. */
  readonly #onHidden = (): void => {
    if (globalThis.document.visibilityState === 'hidden') void this.#send();
  };
}

/** Whether the same batch may be taken later. */
function passes(error: unknown): boolean {
  if (error instanceof APIError) return PASSING.has(error.status) || error.status >= 500;
  return error instanceof ConnectionFailed || error instanceof InvalidAnswer;
}
