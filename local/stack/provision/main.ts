/**
 * Provisions the account of a stack whose parts run elsewhere, as those of docker-compose.yml do:
 *
 *     node dist/local/stack/provision/main.js FOLDER
 *
 * Region and endpoint come from `AWS_REGION` and `AWS_ENDPOINT_URL`, the pipeline from its settings. The folder gets
 * `credentials.json` for local Glue, and the variables of each identity as `worker.env`, `operator.env`, `glue.env`.
 */
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { parseSettings } from '../../../pipeline/settings.ts';
import { StackError } from '../errors.ts';
import { StackFolder, type AccessKey } from '../folder.ts';
import { provision } from './provision.ts';

function needed(name: string): string {
  const value = process.env[name];
  if (value !== undefined) return value;
  throw new StackError(`${name} is not set.`, 'Set it to where the account is.');
}

function writeVariables(file: string, key: AccessKey, others: Readonly<Record<string, string>> = {}): void {
  const variables = {
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    ...others,
  };
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(file, lines.join(''), { mode: 0o600 });
}

const [folderName] = process.argv.slice(2);
if (folderName === undefined) throw new StackError('No folder was given.', 'Name the folder for the keys.');
const folder = new StackFolder(folderName);
const { worker, operator, localGlue, jobRole } = await provision({
  settings: parseSettings(process.env),
  region: needed('AWS_REGION'),
  endpoint: needed('AWS_ENDPOINT_URL'),
  knownKeys: folder.readCredentials(),
});
folder.writeCredentials([worker, operator, localGlue]);
writeVariables(join(folder.root, 'worker.env'), worker, { MSP_GLUE_ROLE: jobRole });
writeVariables(join(folder.root, 'operator.env'), operator);
writeVariables(join(folder.root, 'glue.env'), localGlue);
