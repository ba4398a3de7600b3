/**
 * Why a script failed, read from the end of its output. Pure.
 *
 * Spark prints the Python driver's traceback to stdout; a plain Python process and the JVM print theirs to stderr. The last line that
 * names an exception is the one that ended the script, or its root cause where the JVM lists causes.
 */

/** `SomeError: text` or `some.package.SomeException: text`, also behind the JVM's `Caused by:`. */
const EXCEPTION_LINE =
  /^(?:Caused by: |: |Exception in thread "[^"]*" )?(?:[\w$]+\.)*([A-Za-z_$][\w$]*(?:Error|Exception|Interrupt|Exit))(?:: (.*))?$/;

/** Glue cuts long messages; this is enough for a Spark analysis error with its plan's first lines. */
const LONGEST_MESSAGE = 2000;

/**
 * @param stdout the last lines of the standard output.
 * @param stderr the last lines of the standard error.
 * @param exitCode of the script's process.
 */
export function errorMessageOf(
  stdout: readonly string[],
  stderr: readonly string[],
  exitCode: number,
): string {
  const line = lastException(stdout) ?? lastException(stderr);
  return (line ?? `Command failed with exit code ${exitCode}`).slice(0, LONGEST_MESSAGE);
}

function lastException(lines: readonly string[]): string | undefined {
  const last = lines.findLast((line) => EXCEPTION_LINE.test(line.trimEnd()));
  const [, name, text] = EXCEPTION_LINE.exec(last?.trimEnd() ?? '') ?? [];
  return text === undefined ? name : `${name}: ${text}`;
}

/** The last Python traceback in the output, with its exception line; empty when there is none. */
export function lastTraceback(lines: readonly string[]): string[] {
  const start = lines.findLastIndex((line) => line.startsWith('Traceback (most recent call last):'));
  return start === -1 ? [] : lines.slice(start);
}
