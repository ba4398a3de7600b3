/**
 * An archive of the classes that Spark loads, which the JVM maps instead of reading, checking and linking each: a short
 * run takes a third less time. It is made by a first small run. Java looks itself whether an archive fits it and its
 * class path, and does without one that does not; so does set-up when the archive can't be made.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { CLASS_ARCHIVE, LISTS, PYTHON, SPARK_JARS } from './folders.mjs';
import { SetupError } from './errors.mjs';
import { run } from './programs.mjs';
import { sparkHome } from './python-packages.mjs';
import { digestOf, isStamped, stamp } from './stamps.mjs';
import { knownToolchain } from './toolchain.mjs';

const FOLDER = dirname(CLASS_ARCHIVE);
const STAMP = join(FOLDER, '.stamp');
const SCRIPT = join(LISTS, 'class_archive.py');
const LISTED = ['jars.lock.json', 'requirements.txt'].map((name) => join(LISTS, name));

/** @param {() => string} findJavaHome */
export function classArchive(findJavaHome) {
  const digest = (javaHome) => digestOf({ texts: [FOLDER, releaseOf(javaHome)], files: [SCRIPT, ...LISTED] });
  return {
    title: "Archive of Spark's classes, for a faster start",
    isCurrent: () => isStamped(STAMP, digest(knownToolchain()?.javaHome ?? findJavaHome())),
    async make(note) {
      rmSync(FOLDER, { recursive: true, force: true });
      const scratch = join(FOLDER, 'scratch');
      mkdirSync(scratch, { recursive: true });
      try {
        await run('class-archive', command(scratch), { note, env: environment(findJavaHome()) });
      } catch (error) {
        if (!(error instanceof SetupError)) throw error;
        rmSync(CLASS_ARCHIVE, { force: true });
      }
      rmSync(scratch, { recursive: true, force: true });
      stamp(STAMP, digest(findJavaHome()));
    },
  };
}

/** What a Java says of itself: its version and who built it. */
function releaseOf(javaHome) {
  const file = join(javaHome, 'release');
  return existsSync(file) ? readFileSync(file, 'utf8') : javaHome;
}

/** As local Glue starts a script, but for what decides about the script only; the class path must be the same. */
function command(scratch) {
  return [
    join(sparkHome(), 'bin', 'spark-submit'),
    ...['--master', 'local[2]', '--driver-memory', '1g'],
    ...[
      '--driver-java-options',
      // Quoted, since spark-submit takes the options apart at white space, which a folder's name may have.
      `-XX:TieredStopAtLevel=1 -XX:+UseSerialGC "-XX:ArchiveClassesAtExit=${CLASS_ARCHIVE}"`,
    ],
    ...['--driver-class-path', join(SPARK_JARS, '*')],
    ...['--conf', 'spark.driver.host=127.0.0.1', '--conf', 'spark.driver.bindAddress=127.0.0.1'],
    ...['--conf', 'spark.ui.enabled=false', '--conf', `spark.local.dir=${scratch}`],
    SCRIPT,
    scratch,
  ];
}

function environment(javaHome) {
  return {
    JAVA_HOME: javaHome,
    SPARK_HOME: sparkHome(),
    SPARK_LOCAL_IP: '127.0.0.1',
    PYSPARK_PYTHON: PYTHON,
    PATH: [dirname(PYTHON), process.env['PATH']].join(delimiter),
  };
}
