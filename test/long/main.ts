/**
 * Tests that take too long for every change: `npm run test:long -- NAME [options]`. Each says how many cases it tried and
 * how many promises were broken; the exit code is 1 when any was.
 */
const TESTS: Readonly<
  Record<string, () => Promise<{ main: (args: readonly string[]) => Promise<boolean> }>>
> = {
  crash: () => import('./crash.ts'),
  faults: () => import('./faults.ts'),
  model: () => import('./model.ts'),
};

const [name = '', ...args] = process.argv.slice(2);
const load = TESTS[name];
if (load === undefined) {
  process.stderr.write(`Give one of: ${Object.keys(TESTS).join(', ')}\n`);
  process.exitCode = 2;
} else {
  const { main } = await load();
  process.exitCode = (await main(args)) ? 0 : 1;
}
