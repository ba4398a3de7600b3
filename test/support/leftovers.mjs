/** Processes that outlive the tests which started them, known by the tests' temporary folder. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/**
 * Ends every process that was given the folder in its environment or on its command line, apart from this one.
 * @param {string} folder
 * @returns {{ pid: number, command: string }[]} those that there were; none where the system has no /proc
 */
export function endLeftovers(folder) {
  if (!existsSync('/proc/self/environ')) return [];
  const found = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({
      pid: Number(name),
      command: fileOf(name, 'cmdline'),
      environment: fileOf(name, 'environ'),
    }))
    .filter(({ command, environment }) => command.includes(folder) || environment.includes(folder));
  for (const { pid } of found) end(pid);
  return found.map(({ pid, command }) => ({ pid, command: command.replaceAll('\0', ' ').slice(0, 150) }));
}

/** Empty for a process that is gone or somebody else's. */
function fileOf(pid, name) {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

function end(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
