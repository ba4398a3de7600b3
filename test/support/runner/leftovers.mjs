/** Processes that outlive the tests which started them, known by the tests' temporary folder. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Some end a moment after what they belong to: a JVM takes one to three seconds to notice that its Python is gone. */
const GRACE_MILLISECONDS = 10_000;
const LOOK_MILLISECONDS = 200;

/**
 * Ends every process that was given the folder in its environment or on its command line, apart from this one, and does
 * not end by itself.
 * @param {string} folder
 * @returns {Promise<{ pid: number, command: string }[]>} those that there were; none where the system has no /proc
 */
export async function endLeftovers(folder) {
  const deadline = Date.now() + GRACE_MILLISECONDS;
  while (processesOf(folder).length > 0 && Date.now() < deadline) await sleep(LOOK_MILLISECONDS);
  return killAll(folder);
}

/** The same at once, for when there is no time to wait. */
export function killAll(folder) {
  const found = processesOf(folder);
  for (const { pid } of found) kill(pid);
  return found;
}

function processesOf(folder) {
  if (!existsSync('/proc/self/environ')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({
      pid: Number(name),
      command: fileOf(name, 'cmdline'),
      environment: fileOf(name, 'environ'),
    }))
    .filter(({ command, environment }) => command.includes(folder) || environment.includes(folder))
    .map(({ pid, command }) => ({ pid, command: command.replaceAll('\0', ' ').slice(0, 150) }));
}

/** Empty for a process that is gone or somebody else's. */
function fileOf(pid, name) {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
