// Keeps Spectral loaded, for whoever saves a contract again and again.
//
//   node spectral.cjs RULESET
//
// Reads the path of a document per line, and answers each with a line of JSON:
// {"found": [{code, path, message}]}, or {"broken": "why it could not look"}.
// Ends when its input does.

const fs = require('node:fs');
const readline = require('node:readline');
const { Document, Spectral } = require('@stoplight/spectral-core');
const { Yaml } = require('@stoplight/spectral-parsers');
const { getRuleset } = require('@stoplight/spectral-cli/dist/services/linter/utils/getRuleset');

const rules = process.argv[2];
let spectral;
let loaded;

/** Spectral with the ruleset as it stands in its file now. */
async function current() {
  const changed = fs.statSync(rules).mtimeMs;
  if (changed !== loaded) {
    spectral = new Spectral();
    spectral.setRuleset(await getRuleset(rules));
    loaded = changed;
  }
  return spectral;
}

async function judge(path) {
  const linter = await current();
  const results = await linter.run(new Document(fs.readFileSync(path, 'utf8'), Yaml, path));
  return results.map(({ code, path: where, message }) => ({ code, path: where, message }));
}

async function main() {
  for await (const path of readline.createInterface({ input: process.stdin })) {
    let answer;
    try {
      answer = { found: await judge(path) };
    } catch (error) {
      // What is wrong with a ruleset comes as many errors in one.
      answer = { broken: (error.errors ?? [error]).map(({ message }) => message).join('; ') };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}

main();
