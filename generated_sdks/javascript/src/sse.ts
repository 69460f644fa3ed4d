/** Server-Sent Events out of text, however it is cut: the algorithm of the HTML standard. */

/** An event of a stream. `id` is what the stream goes on from. */
export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string | null;
}

export class Parser {
  lastId: string | null = null;
  /** After how many milliseconds the server wants to be asked again, if it says so. */
  retry: number | null = null;
  #decoder = new TextDecoder();
  #rest = '';
  #event = '';
  #data: string[] = [];
  #id: string | null = null;

  /** A new connection begins: half an event of the last one is none. */
  begin(): void {
    this.#decoder = new TextDecoder();
    this.#rest = this.#event = '';
    this.#data = [];
    this.#id = this.lastId;
  }

  /** The events that are whole with this chunk. */
  *feed(chunk: Uint8Array): Generator<ServerSentEvent, void, undefined> {
    const text = this.#rest + this.#decoder.decode(chunk, { stream: true });
    // A lone \r ends a line as well, unless \n may still follow it.
    const held = text.endsWith('\r') ? 1 : 0;
    const lines = text.slice(0, text.length - held).split(/\r\n|\r|\n/);
    this.#rest = lines.pop()! + text.slice(text.length - held);
    for (const line of lines) {
      const event = line === '' ? this.#dispatch() : this.#field(line);
      if (event !== null) yield event;
    }
  }

  #field(line: string): null {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') this.#data.push(value);
    else if (name === 'event') this.#event = value;
    else if (name === 'id' && !value.includes('\0')) this.#id = value;
    else if (name === 'retry' && /^\d+$/.test(value)) this.retry = Number(value);
    return null;
  }

  #dispatch(): ServerSentEvent | null {
    const [event, data] = [this.#event, this.#data];
    this.#event = '';
    this.#data = [];
    this.lastId = this.#id;
    return data.length > 0 ? { event: event || 'message', data: data.join('\n'), id: this.lastId } : null;
  }
}
