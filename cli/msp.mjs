#!/usr/bin/env node
// The command `msp`. Plain JavaScript, because it must say something useful before anything is built.
import { existsSync } from 'node:fs';

const main = new URL('../dist/cli/main.js', import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  console.error('msp is not built yet. Run this first, in the folder of the checkout:\n\n  npm run setup\n');
  process.exitCode = 2;
}
