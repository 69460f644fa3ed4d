/** The client with all that there is. */
import { EventsBuffer, type EventsBufferOptions } from './buffer.js';
import type { Query } from './calls.js';
import type { RequestOptions } from './client.js';
import { Resources } from './generated/resources/index.js';
import { EventStream } from './streaming.js';

/**
 * The API: `new CloudMetrics().goals.list()`.
 *
 * The credential is `apiKey`, or else the environment's CLOUDMETRICS_API_KEY; or `clientId` and
 * `clientSecret` of an OAuth client, for which access tokens are got and renewed. A call that failed in passing
 * is repeated up to `maxRetries` times where that is safe, after a random time that grows.
 */
export class CloudMetrics extends Resources {
  /** Server-Sent Events of a path. */
  stream(path: string, query: Query = {}, options?: RequestOptions): EventStream {
    return new EventStream(this, { method: 'GET', path, query }, options);
  }

  /** Takes events one by one, and sends them in batches in the background: see EventsBuffer. */
  buffer(options?: EventsBufferOptions): EventsBuffer {
    return new EventsBuffer(this, options);
  }
}
