// node bundle.cjs FOLDER: bundles the program on its input for browsers, minified, as if it lay in the folder.
const { readFileSync } = require('node:fs');
const { buildSync } = require('esbuild');

const made = buildSync({
  stdin: { contents: readFileSync(0, 'utf8'), resolveDir: process.argv[2] },
  bundle: true,
  minify: true,
  write: false,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
});
process.stdout.write(made.outputFiles[0].text);
