// node bench/sdk_javascript.mjs URL ROUNDS SECONDS EVENTS: prints, as JSON, requests/s of fetch and of the
// JavaScript SDK, which take turns, and events/s through its buffer, for each round.
import { CloudMetrics } from '../generated_sdks/javascript/dist/esm/index.js';

const GOAL = '0192f3b1-1d02-7c55-8a41-6b0f3e9d7c20';
const [url, rounds, seconds, events] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const client = new CloudMetrics({ apiKey: 'cm_test_bench', baseUrl: url });
const headers = { 'API-Key': 'cm_test_bench' };

const plain = async () => (await fetch(`${url}/v1/goals/${GOAL}`, { headers })).json();
const ours = () => client.goals.get(GOAL);

async function turn(call, seconds) {
  const begun = performance.now();
  let count = 0;
  while (performance.now() - begun < seconds * 1000) {
    await call();
    count += 1;
  }
  return (count / (performance.now() - begun)) * 1000;
}

async function buffered() {
  const buffer = client.buffer();
  const begun = performance.now();
  for (let number = 0; number < events; number += 1) {
    const url = 'https://shop.example.com/cart';
    await buffer.add({ name: 'pageview', website_id: GOAL, visitor_id: `visitor-${number}`, url });
  }
  await buffer.close();
  return (events / (performance.now() - begun)) * 1000;
}

// What is compiled while it runs is compiled before it is measured.
await turn(plain, 0.5);
await turn(ours, 0.5);
const told = { plain: [], ours: [], events: [] };
for (let round = 0; round < rounds; round += 1) {
  told.plain.push(await turn(plain, seconds));
  told.ours.push(await turn(ours, seconds));
  told.events.push(await buffered());
}
console.log(JSON.stringify(told));
