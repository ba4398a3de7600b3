/**
 * npm packages, as the lock file has them. npm itself records what it has installed in node_modules, as the last thing
 * that it does; comparing that record with the lock file needs no stamp and also sees what was installed by hand.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unless } from './errors.mjs';
import { CHECKOUT } from './folders.mjs';
import { run } from './programs.mjs';

export const nodePackages = {
  title: 'npm packages',
  isCurrent() {
    const wanted = packagesOf('package-lock.json');
    const installed = packagesOf('node_modules/.package-lock.json');
    if (wanted === undefined || installed === undefined) return false;
    const differs = Object.entries(wanted).some(([path, { version, optional }]) => {
      // The root itself is not installed, and an optional package is missing where it does not fit the machine.
      if (path === '' || (optional === true && installed[path] === undefined)) return false;
      return installed[path]?.version !== version;
    });
    return !differs && Object.keys(installed).every((path) => path in wanted);
  },
  async make(note) {
    // With the tools of development, whatever NODE_ENV says: the project is built here.
    await run('npm', ['npm', 'ci', '--include=dev', '--no-audit', '--no-fund'], { note });
  },
};

function packagesOf(file) {
  return unless(['ENOENT'], () => JSON.parse(readFileSync(join(CHECKOUT, file), 'utf8')).packages);
}
