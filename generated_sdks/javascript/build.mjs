// Builds dist/ from src/: ES modules and CommonJS, each with its types. The compiler is the one that is
// locked in scripts/node; `npm pack` runs this first.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const compiler = createRequire(`${here}../../scripts/node/package.json`).resolve('typescript/lib/tsc.js');

rmSync(`${here}dist`, { recursive: true, force: true });
for (const [config, folder, type] of [
  ['tsconfig.json', 'esm', 'module'],
  ['tsconfig.cjs.json', 'cjs', 'commonjs'],
]) {
  execFileSync(process.execPath, [compiler, '-p', here + config], { stdio: 'inherit' });
  // The same suffix means different things in the two folders.
  writeFileSync(`${here}dist/${folder}/package.json`, `${JSON.stringify({ type, sideEffects: false })}\n`);
}

const { VERSION } = await import(`${here}dist/esm/generated/version.js`);
const { version } = JSON.parse(readFileSync(`${here}package.json`, 'utf8'));
if (version !== VERSION) throw new Error(`package.json says ${version}, and the contract ${VERSION}`);
