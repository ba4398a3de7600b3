/** Where set-up finds the checkout and keeps what it installs. */
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));

/** This folder: the lists of what to install. */
export const LISTS = fileURLToPath(new URL('.', import.meta.url));

/** Python, JARs, stamps and logs. `MSP_SETUP_DIR` lets several checkouts share them. */
export const SETUP = resolve(process.env['MSP_SETUP_DIR'] || join(CHECKOUT, '.setup'));

export const PYTHON_ENVIRONMENT = join(SETUP, 'python');
export const PYTHON = join(PYTHON_ENVIRONMENT, 'bin', 'python');
export const SPARK_JARS = join(SETUP, 'spark-jars');
export const CLASS_ARCHIVE = join(SETUP, 'spark-classes', 'spark.jsa');
export const TOOLCHAIN_FILE = join(SETUP, 'toolchain.json');
export const LOGS = join(SETUP, 'logs');
