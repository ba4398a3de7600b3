/**
 * The benchmarks: `npm run bench -- [parts…] [options]`. Everything that is compared with something is measured in the
 * same run, so figures of a slow or busy machine still compare. Prints tables, and writes all figures as JSON.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { onInterruption, outliveTerminal } from '../local/stack/interruption.ts';
import { checkoutFolder } from '../local/stack/toolchain.ts';
import { benchControl } from './control.ts';
import { endStarted, interrupt, interruption, unlessInterrupted } from './interruption.ts';
import { benchLoader } from './loader.ts';
import { benchMemory } from './memory.ts';
import { benchOrchestration } from './orchestration.ts';
import { printed, type Part } from './report.ts';
import { benchScripts } from './scripts.ts';

interface Options {
  readonly plays: readonly number[];
  readonly repeat: number;
  readonly lateFile: boolean;
  readonly inputMegabytes: number;
  readonly out: string;
}

/** Each part gets a folder of its own, removed when the part has ended. */
const PARTS: Readonly<Record<string, (folder: string, options: Options) => Promise<Part>>> = {
  scripts: (folder, { plays, repeat, lateFile }) => benchScripts(folder, { plays, repeat, lateFile }),
  orchestration: (folder) => benchOrchestration(folder),
  control: (folder) => benchControl(folder),
  loader: (folder) => benchLoader(folder),
  memory: (folder, { inputMegabytes }) => benchMemory(folder, inputMegabytes),
};

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('expected a number from 1');
  return value;
}

async function run(names: readonly string[], options: Options, command: Command): Promise<void> {
  const unknown = names.filter((name) => !(name in PARTS));
  if (unknown.length > 0) {
    command.error(`error: no such part: ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}`);
  }
  const machine = { cores: cpus().length, memoryBytes: totalmem(), node: process.version };
  const startedAt = new Date().toISOString();
  const parts: Part[] = [];
  const out = join(options.out, `${startedAt.replaceAll(/[:.]/g, '-')}.json`);
  await mkdir(options.out, { recursive: true });
  for (const [name, bench] of Object.entries(PARTS)) {
    if (names.length > 0 && !names.includes(name)) continue;
    const folder = await mkdtemp(join(tmpdir(), `msp-bench-${name}-`));
    const [load] = loadavg();
    try {
      const part = await unlessInterrupted(bench(folder, options));
      parts.push(part);
      console.log(printed(part));
    } finally {
      await endStarted();
      await rm(folder, { recursive: true, force: true });
    }
    if (load !== undefined && load > 1) {
      console.log(
        `The machine was busy when ${name} began (load ${load.toFixed(1)}): trust ratios, not seconds.\n`,
      );
    }
    await writeFile(out, `${JSON.stringify({ version: 1, startedAt, machine, parts }, null, 2)}\n`);
  }
  console.log(`All figures: ${out}`);
}

/** Shells' exit code for an end by Ctrl-C. */
const INTERRUPTED = 130;

outliveTerminal();
onInterruption(() => {
  if (!interruption.aborted) console.log('\nStopping everything…');
  interrupt();
});
const program = new Command('bench')
  .argument('[parts...]', `what to measure: ${Object.keys(PARTS).join(', ')}; all when not given`)
  .option(
    '--plays <numbers>',
    'sizes for `scripts`, separated by commas',
    (text) => text.split(',').map(positive),
    [1_000_000, 10_000_000],
  )
  .option('--repeat <times>', 'how often each script and DuckDB run; the median counts', positive, 1)
  .option('--no-late-file', 'leave out the late file of `scripts`')
  .option('--input-megabytes <size>', 'input for `memory`', positive, 500)
  .option('--out <folder>', 'where the JSON goes', join(checkoutFolder(), 'bench', 'results'))
  .action(run);
try {
  await program.parseAsync();
} catch (error) {
  if (!interruption.aborted) throw error;
  process.exit(INTERRUPTED);
}
