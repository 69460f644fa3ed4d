// The JavaScript SDK's runner, over what was built. See ../README.md.
import { createInterface } from 'node:readline';
import { CloudMetrics, CloudMetricsError, InvalidArgument, verify } from '../../../generated_sdks/javascript/dist/esm/index.js';

const clients = new Map();
// What each `do` does, with a client, the message, and what is given.
const doing = {
  call: (client, { call }, given) => called(client, call, given),
  response: async (client, { call }, given) => {
    const { data, meta, status, etag, traceId } = await called(client, call, given).withResponse();
    return { data: data ?? null, meta, status, etag, trace_id: traceId };
  },
  items: (client, { call, take }, given) => taken(called(client, call, given), take),
  pages: async (client, { call, take }, given) =>
    (await taken(called(client, call, given).pages(), take)).map((page) => ({
      items: page.items,
      next_cursor: page.nextCursor,
      has_more: page.hasMore,
    })),
  file: (client, { call }, given) => called(client, call, given).text(),
  lines: (client, { call }, given) => taken(called(client, call, given).lines()),
  events: (client, { take }, { path }) => taken(client.stream(path), take),
  request: (client, _, { method, path, query, body }) => client.request(method, path, { query, body }),
  together: (client, _, { call, times, with: given = {} }) =>
    Promise.all(Array.from({ length: times }, () => called(client, call, given))),
  buffer: async (client, _, { events, batch_size: batchSize, interval, capacity }) => {
    const receipts = [];
    const onRejected = (receipt) => receipts.push(receipt);
    const buffer = client.buffer({ batchSize, interval: milliseconds(interval), capacity, onRejected });
    for (const event of events) await buffer.add(event);
    await buffer.close();
    const { accepted, duplicates, rejected } = buffer;
    return { accepted, duplicates, rejected, receipts };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  console.log(JSON.stringify({ id: message.id, ...(await told(message)) }));
}

async function told(message) {
  try {
    return { gives: (await done(message)) ?? null };
  } catch (error) {
    return error instanceof CloudMetricsError ? { fails: described(error) } : { crashed: String(error?.stack ?? error) };
  }
}

function done(message) {
  const given = message.with ?? {};
  if (message.do === 'verify') {
    const { body, headers, secret, ...options } = given;
    return verify(body, headers, secret, options);
  }
  if (message.do === 'close') return void clients.delete(message.client.name);
  return doing[message.do](clientOf(message.client), message, given);
}

function clientOf(told) {
  if (!clients.has(told.name)) {
    Object.assign(process.env, told.env);
    try {
      clients.set(told.name, new CloudMetrics(optionsOf(told)));
    } finally {
      for (const name of Object.keys(told.env ?? {})) delete process.env[name];
    }
  }
  return clients.get(told.name);
}

function optionsOf(told) {
  return {
    apiKey: told.api_key ?? undefined,
    baseUrl: told.base_url,
    clientId: told.client_id,
    clientSecret: told.client_secret,
    scopes: told.scopes,
    timeout: milliseconds(told.timeout),
    maxRetries: told.max_retries,
    retryDelay: milliseconds(told.retry_delay),
    headers: told.headers,
  };
}

// Calls a method by the contract's names: what is in its path goes by position, the rest by name.
function called(client, call, given) {
  const [resource, name] = call.split('.').map(camel);
  const method = client[resource][name].bind(client[resource]);
  const names = positional(client[resource][name]);
  const rest = Object.entries(given).filter(([each]) => !names.includes(camel(each)));
  const path = Object.entries(given).filter(([each]) => names.includes(camel(each)));
  const ordered = names.map((each) => path.find(([given]) => camel(given) === each)?.[1]);
  return rest.length > 0 ? method(...ordered, Object.fromEntries(rest)) : method(...ordered);
}

// The names of a method's parameters, without those that every method has.
function positional(method) {
  const [, listed] = /^\w+\(([^)]*)\)/.exec(method.toString());
  const names = listed.split(',').map((each) => each.trim().split(' ')[0]);
  return names.filter((each) => each !== '' && each !== 'params' && each !== 'options');
}

async function taken(iterable, count = Number.POSITIVE_INFINITY) {
  const got = [];
  for await (const each of iterable) {
    got.push(each);
    if (got.length >= count) break;
  }
  return got;
}

function described(error) {
  const { status, code, title, detail, details, violations = [] } = error;
  const kind = error.name === 'APIError' ? 'API_ERROR' : error.name.replace(/(?<=.)[A-Z]/g, '_$&').toUpperCase();
  const said = error instanceof InvalidArgument ? error.message : detail;
  const more = { trace_id: error.traceId ?? undefined, retry_after: error.retryAfter ?? undefined };
  return { kind, status, code, title, detail: said, details, violations, ...more };
}

function camel(name) {
  return name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
}

function milliseconds(seconds) {
  return seconds === undefined ? undefined : seconds * 1000;
}
