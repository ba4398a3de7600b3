/**
 * JARs by their coordinates: S3A for Spark, and Temporal's time-skipping test server. They are resolved by the Ivy that
 * Spark brings along, so Java is all that is needed, from the repository that Ivy uses by default or the one that
 * `MSP_IVY_SETTINGS` (an ivysettings.xml) names. Every JAR is listed and none is transitive: nothing is decided at
 * set-up, and each must have the digest that it had when it was listed.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './errors.mjs';
import { LISTS, SETUP, SPARK_JARS, TEST_SERVER_JARS } from './folders.mjs';
import { run } from './programs.mjs';
import { sparkHome } from './python-packages.mjs';
import { digestOf, isStamped, stamp } from './stamps.mjs';

const LOCK_FILE = join(LISTS, 'jars.lock.json');
const CACHE = join(SETUP, 'ivy');

/** @param {() => string} findJavaHome */
export function sparkJars(findJavaHome) {
  return jarStep('JARs of S3A, by which Spark reads S3', 'spark', SPARK_JARS, findJavaHome);
}

/** @param {() => string} findJavaHome */
export function temporalTestServer(findJavaHome) {
  return jarStep("Temporal's test server", 'temporalTestServer', TEST_SERVER_JARS, findJavaHome);
}

function jarStep(title, list, folder, findJavaHome) {
  const stampFile = join(folder, '.stamp');
  const digest = () => digestOf({ texts: [folder, JSON.stringify(listed(list))] });
  return {
    title,
    isCurrent: () => isStamped(stampFile, digest()),
    async make(note) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      const java = join(findJavaHome(), 'bin', 'java');
      await retrieve(java, list, folder, note);
      verify(listed(list), folder);
      stamp(stampFile, digest());
    },
  };
}

/** @returns {Record<string, string>} SHA-256 by coordinate */
function listed(list) {
  return JSON.parse(readFileSync(LOCK_FILE, 'utf8'))[list];
}

async function retrieve(java, list, folder, note) {
  mkdirSync(CACHE, { recursive: true });
  const ivyFile = join(CACHE, `${list}.xml`);
  writeFileSync(ivyFile, ivyModule(Object.keys(listed(list))));
  const sparks = join(sparkHome(), 'jars');
  const ivy = readdirSync(sparks).find((name) => /^ivy-.*\.jar$/.test(name));
  if (ivy === undefined)
    throw new SetupError(`Spark's Ivy is not in ${sparks}; remove ${SETUP} and try again`);
  const settings = process.env['MSP_IVY_SETTINGS'];
  const words = ['-ivy', ivyFile, '-cache', CACHE, '-confs', 'default', '-types', 'jar', 'bundle'];
  const pattern = join(folder, '[organisation]--[artifact]-[revision].[ext]');
  const chosen = settings === undefined ? [] : ['-settings', settings];
  await run(
    `jars-${list}`,
    [java, '-cp', join(sparks, ivy), 'org.apache.ivy.Main', ...chosen, ...words, '-retrieve', pattern],
    { note },
  );
}

function ivyModule(coordinates) {
  const dependencies = coordinates.map((coordinate) => {
    const [organisation, name, revision] = coordinate.split(':');
    return `<dependency org="${organisation}" name="${name}" rev="${revision}" conf="default->default" transitive="false"/>`;
  });
  return `<ivy-module version="2.0">
<info organisation="local" module="jars"/>
<configurations><conf name="default"/></configurations>
<dependencies>
${dependencies.join('\n')}
</dependencies>
</ivy-module>
`;
}

function verify(digests, folder) {
  for (const [coordinate, expected] of Object.entries(digests)) {
    const [organisation, name, revision] = coordinate.split(':');
    const file = join(folder, `${organisation}--${name}-${revision}.jar`);
    const found = sha256(file);
    if (found === expected) continue;
    throw new SetupError(
      `${coordinate} is not the JAR that was listed: its SHA-256 is ${found}, expected ${expected} (${LOCK_FILE}). ` +
        `Remove ${CACHE} and try again; if it stays so, ask the one who runs the repository that it came from.`,
    );
  }
}

function sha256(file) {
  return existsSync(file) ? createHash('sha256').update(readFileSync(file)).digest('hex') : 'missing';
}
