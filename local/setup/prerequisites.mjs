/** What set-up can't install: Node, Python and Java. All that is missing is named at once, with how to get it. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './errors.mjs';
import { outputOf } from './programs.mjs';

const NODE = 20;
const PYTHON = '3.11';
const JAVA = 17;

/**
 * The interpreter and the Java home to set up with.
 * @returns {{ python: string, javaHome: string }}
 * @throws SetupError
 */
export function requirePrerequisites() {
  const problems = [platformProblem(), nodeProblem()];
  const python = findPython(problems);
  const javaHome = findJava(problems);
  const missing = problems.filter((problem) => problem !== undefined);
  if (missing.length > 0) {
    const lines = missing.map(
      ({ wanted, found, get }) => `  ${wanted}\n    found:      ${found}\n    to get it:  ${get}`,
    );
    throw new SetupError(`Something is missing that has to be installed first:\n\n${lines.join('\n\n')}`);
  }
  return { python, javaHome };
}

function platformProblem() {
  if (process.platform !== 'win32') return undefined;
  return { wanted: 'Linux or macOS', found: 'Windows', get: 'wsl --install, and run this within it' };
}

function nodeProblem() {
  if (Number(process.versions.node.split('.')[0]) >= NODE) return undefined;
  return {
    wanted: `Node ${NODE} or newer`,
    found: process.version,
    get: `nvm install ${NODE}, brew install node@${NODE}, or your distribution's nodejs package`,
  };
}

function findPython(problems) {
  const found = [];
  const named = process.env['MSP_PYTHON'] || undefined;
  for (const name of named === undefined ? [`python${PYTHON}`, 'python3', 'python'] : [named]) {
    const probe = 'import sys; print(sys.executable, "%d.%d" % sys.version_info[:2], sep="\\n")';
    const [executable, version] = outputOf(name, '-c', probe)?.trim().split('\n') ?? [];
    if (executable === undefined) continue;
    if (version !== PYTHON) {
      found.push(`Python ${version} at ${executable}`);
    } else if (outputOf(executable, '-c', 'import ensurepip, venv') === undefined) {
      found.push(`Python ${version} at ${executable}, without its venv module`);
    } else {
      return executable;
    }
  }
  const nothing = named === undefined ? 'no Python' : `MSP_PYTHON=${named}, which is no Python`;
  problems.push({
    wanted: `Python ${PYTHON} (what Glue 5.1 has) with its venv module`,
    found: found.length > 0 ? [...new Set(found)].join(', ') : nothing,
    get: `apt-get install python${PYTHON}-venv, brew install python@${PYTHON}, or pyenv install ${PYTHON}; or name one: MSP_PYTHON=/path/to/python${PYTHON}`,
  });
  return '';
}

function findJava(problems) {
  const found = [];
  for (const java of javaPrograms()) {
    const properties = outputOf(java, '-XshowSettings:properties', '-version');
    const version = properties && /java\.specification\.version = (.+)/.exec(properties)?.[1];
    const home = properties && /java\.home = (.+)/.exec(properties)?.[1];
    if (version === String(JAVA) && home) return home;
    if (version && home) found.push(`Java ${version} at ${home}`);
  }
  problems.push({
    wanted: `Java ${JAVA} (what Glue 5.1 has)`,
    found: found.length > 0 ? found.join(', ') : 'no Java',
    get: `apt-get install openjdk-${JAVA}-jre-headless, brew install openjdk@${JAVA}, or sdk install java ${JAVA}-open; or name one: JAVA_HOME=/path/to/java${JAVA}`,
  });
  return '';
}

/** Java by name and by the places where installers put it without telling the PATH. */
function javaPrograms() {
  const homes = [process.env['JAVA_HOME']].filter((home) => home !== undefined && home !== '');
  const onMac = outputOf('/usr/libexec/java_home', '-v', String(JAVA))?.trim();
  if (onMac) homes.push(onMac);
  const folder = '/usr/lib/jvm';
  const installed = existsSync(folder)
    ? readdirSync(folder).filter((name) => name.includes(String(JAVA)))
    : [];
  homes.push(...installed.map((name) => join(folder, name)), `/opt/homebrew/opt/openjdk@${JAVA}`);
  const programs = homes.map((home) => join(home, 'bin', 'java')).filter((java) => existsSync(java));
  const [first, ...others] = programs;
  // JAVA_HOME is a decision, the PATH a habit, the rest a guess.
  return process.env['JAVA_HOME'] && first ? [first, 'java', ...others] : ['java', ...programs];
}
