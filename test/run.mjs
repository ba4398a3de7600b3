/**
 * Runs every check and test: `npm test`. Each runner prints its own report; the last line is the sum of them.
 *
 *     node test/run.mjs [--only lint|jest|pytest] [-- WORDS FOR THE RUNNER]
 *
 * Nothing of the caller's AWS, Temporal or pipeline configuration reaches the tests, and all that they leave for a
 * moment lies below one temporary folder, by which a process that outlives them is found.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { endLeftovers, killAll } from './support/runner/leftovers.mjs';
import { ofJest, ofPytest } from './support/runner/reports.mjs';

const CHECKOUT = fileURLToPath(new URL('..', import.meta.url));
const SETUP = process.env['MSP_SETUP_DIR'] || join(CHECKOUT, '.setup');

/** A runner that takes longer hangs: the longest, Jest, takes up to forty minutes on two slow cores. */
const RUNNER_MILLISECONDS = 60 * 60_000;

/** Files of which the time is told, the slowest first. */
const SHOWN_SUITES = 10;

const { values, positionals } = parseArgs({ options: { only: { type: 'string' } }, allowPositionals: true });

const toolchain = JSON.parse(readFileSync(join(SETUP, 'toolchain.json'), 'utf8'));
const temporary = mkdtempSync(join(tmpdir(), 'msp-test-'));
const environment = { ...cleaned(process.env), TMPDIR: temporary, MSP_SETUP_DIR: SETUP };

const tool = (path) => [process.execPath, join(CHECKOUT, 'node_modules', path)];
const python = (...words) => [toolchain.python, '-m', ...words];
const pythonSources = ['glue-scripts', 'test/glue-scripts', 'test/support', 'local/setup', 'bench'].filter(
  (folder) => existsSync(join(CHECKOUT, folder)),
);

const totals = { passed: 0, failed: 0, skipped: 0 };
/** Each file with its seconds, and each test that was skipped. */
const seen = { suites: [], skipped: [] };

function cleaned(all) {
  const kept = ['MSP_REAL_DATA'];
  const ours = Object.entries(all).filter(
    ([name]) => kept.includes(name) || !/^(MSP|AWS|TEMPORAL)_/.test(name),
  );
  // The AWS SDK's notice of the Node versions that it will support next year would be at the head of every test.
  return { ...Object.fromEntries(ours), AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
}

/**
 * @param isBeside whether others run at the same time, so that its report is printed in one piece
 * @returns whether it succeeded
 */
async function run(title, [program, ...words], extra = {}, isBeside = false) {
  if (!isBeside) console.log(`\n── ${title}`);
  const child = spawn(program, words, {
    cwd: CHECKOUT,
    env: { ...environment, ...extra },
    stdio: ['ignore', ...(isBeside ? ['pipe', 'pipe'] : ['inherit', 'inherit'])],
    timeout: RUNNER_MILLISECONDS,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => (said += text));
  }
  const code = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (status, signal) => resolve(status ?? signal));
  });
  if (isBeside) process.stdout.write(`\n── ${title}\n${said}`);
  if (code !== 0) console.log(`── ${title}: failed (${code})`);
  return code === 0;
}

async function lint(isBeside = false) {
  const checks = [
    ['Types', [...tool('typescript/bin/tsc'), '-p', 'tsconfig.json', '--noEmit']],
    ['Arrows', [...tool('dependency-cruiser/bin/dependency-cruise.mjs'), '.']],
    ['Unused exports', [...tool('knip/bin/knip.js')]],
    ['ESLint', [...tool('eslint/bin/eslint.js'), '.', '--max-warnings', '0']],
    ['Prettier', [...tool('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.']],
    ['Ruff', python('ruff', 'check', '--no-cache', ...pythonSources)],
    ['Ruff, format', python('ruff', 'format', '--check', '--no-cache', ...pythonSources)],
  ];
  for (const [title, command] of checks) {
    if (!(await run(title, command, {}, isBeside))) totals.failed += 1;
  }
}

async function jest() {
  const report = join(temporary, 'jest.json');
  const words = ['--json', `--outputFile=${report}`, ...positionals];
  const succeeded = await run('Jest', [...tool('jest/bin/jest.js'), ...words], {
    NODE_OPTIONS: '--experimental-vm-modules --no-warnings',
  });
  if (!existsSync(report)) {
    totals.failed += 1;
    return;
  }
  add(ofJest(readFileSync(report, 'utf8')), succeeded);
}

/** A runner that fails without a test that fails has failed all the same. */
function add({ passed, failed, suites, skipped }, succeeded) {
  totals.passed += passed;
  totals.failed += failed === 0 && !succeeded ? 1 : failed;
  totals.skipped += skipped.length;
  seen.suites.push(...suites);
  seen.skipped.push(...skipped);
}

async function pytest(isBeside = false) {
  const report = join(temporary, 'pytest.xml');
  const words = [
    'pytest',
    '-q',
    '-p',
    'no:cacheprovider',
    `--junitxml=${report}`,
    'test/glue-scripts',
    ...positionals,
  ];
  const spark = {
    PYTHONDONTWRITEBYTECODE: '1',
    JAVA_HOME: toolchain.javaHome,
    SPARK_HOME: toolchain.sparkHome,
    PYSPARK_PYTHON: toolchain.python,
  };
  const succeeded = await run('Pytest', python(...words), spark, isBeside);
  add(ofPytest(existsSync(report) ? readFileSync(report, 'utf8') : ''), succeeded);
}

const runners = { lint, jest, pytest };
if (values.only !== undefined && !(values.only in runners)) {
  console.error(`--only takes one of ${Object.keys(runners).join(', ')}`);
  process.exit(2);
}
const interrupted = () => {
  killAll(temporary);
  rmSync(temporary, { recursive: true, force: true });
  process.exit(130);
};
process.once('SIGINT', interrupted).once('SIGTERM', interrupted);

const began = Date.now();
if (values.only === undefined) {
  // Each keeps little more than one core busy.
  await Promise.all([lint(true), pytest(true)]);
  await jest();
} else {
  await runners[values.only]();
}
const leftovers = await endLeftovers(temporary);
for (const { pid, command } of leftovers)
  console.log(`── Left behind by a test, now ended: ${pid} ${command}`);
totals.failed += leftovers.length;
rmSync(temporary, { recursive: true, force: true });

const slowest = seen.suites.sort((a, b) => b.seconds - a.seconds).slice(0, SHOWN_SUITES);
if (slowest.length > 0) console.log('\n── The slowest files');
for (const { file, seconds } of slowest)
  console.log(`${seconds.toFixed(1).padStart(7)} s  ${relative(CHECKOUT, file)}`);

// What nobody sees fail must not be left out unseen either. Tests of the real data say so where it is not there.
const unexplained = seen.skipped.filter((test) => !test.includes('the real data set is not here'));
if (process.env['CI'] === 'true' && positionals.length === 0) {
  for (const test of unexplained) console.log(`── Skipped, which counts as failed here: ${test}`);
  totals.failed += unexplained.length;
}

console.log(`\nin ${Math.round((Date.now() - began) / 1000)} s`);
const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
console.log(`${totals.passed} passed, ${totals.failed} failed${skipped}`);
process.exitCode = totals.failed === 0 ? 0 : 1;
