/**
 * The JARs of S3A by their coordinates. They are resolved by the Ivy that Spark brings along, so Java is all that is
 * needed, from the repository that Ivy uses by default or the one that `MSP_IVY_SETTINGS` (an ivysettings.xml) names.
 * Every JAR is listed and none is transitive: nothing is decided at set-up, and each must have the digest that it had
 * when it was listed.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './errors.mjs';
import { LISTS, SETUP, SPARK_JARS } from './folders.mjs';
import { run } from './programs.mjs';
import { sparkHome } from './python-packages.mjs';
import { digestOf, isStamped, stamp } from './stamps.mjs';

const LOCK_FILE = join(LISTS, 'jars.lock.json');
const CACHE = join(SETUP, 'ivy');

/** @param {() => string} findJavaHome */
export function sparkJars(findJavaHome) {
  const stampFile = join(SPARK_JARS, '.stamp');
  const digest = () => digestOf({ texts: [SPARK_JARS, JSON.stringify(listed())] });
  return {
    title: 'JARs of S3A, by which Spark reads S3',
    isCurrent: () => isStamped(stampFile, digest()),
    async make(note) {
      rmSync(SPARK_JARS, { recursive: true, force: true });
      mkdirSync(SPARK_JARS, { recursive: true });
      const java = join(findJavaHome(), 'bin', 'java');
      await retrieve(java, note);
      verify(listed());
      stamp(stampFile, digest());
    },
  };
}

/** @returns {Record<string, string>} SHA-256 by coordinate */
function listed() {
  return JSON.parse(readFileSync(LOCK_FILE, 'utf8'));
}

async function retrieve(java, note) {
  mkdirSync(CACHE, { recursive: true });
  const ivyFile = join(CACHE, 'spark.xml');
  writeFileSync(ivyFile, ivyModule(Object.keys(listed())));
  const sparks = join(sparkHome(), 'jars');
  const ivy = readdirSync(sparks).find((name) => /^ivy-.*\.jar$/.test(name));
  if (ivy === undefined)
    throw new SetupError(`Spark's Ivy is not in ${sparks}; remove ${SETUP} and try again`);
  const settings = process.env['MSP_IVY_SETTINGS'];
  const words = ['-ivy', ivyFile, '-cache', CACHE, '-confs', 'default', '-types', 'jar', 'bundle'];
  const pattern = join(SPARK_JARS, '[organisation]--[artifact]-[revision].[ext]');
  const chosen = settings === undefined ? [] : ['-settings', settings];
  await run(
    'jars',
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

function verify(digests) {
  for (const [coordinate, expected] of Object.entries(digests)) {
    const [organisation, name, revision] = coordinate.split(':');
    const file = join(SPARK_JARS, `${organisation}--${name}-${revision}.jar`);
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
