/** Why a script failed, read from its output. */
import { expect, it } from '@jest/globals';
import { errorMessageOf, lastTraceback } from '../../local/glue/error-message.ts';

it.each<[string, string[], string[], string]>([
  ['a Python error', ['ValueError: no plays'], [], 'ValueError: no plays'],
  ['an error without text', ['Traceback', 'KeyboardInterrupt'], [], 'KeyboardInterrupt'],
  [
    'an error of a package, without the package',
    ['pyspark.errors.exceptions.captured.AnalysisException: [PATH_NOT_FOUND] Path does not exist: s3://b/x.'],
    [],
    'AnalysisException: [PATH_NOT_FOUND] Path does not exist: s3://b/x.',
  ],
  [
    "the root cause in the JVM's list of causes",
    [
      'py4j.protocol.Py4JJavaError: An error occurred while calling o45.parquet.',
      ': org.apache.spark.SparkException: Job aborted.',
      '\tat org.apache.spark.Some.method(Some.scala:1)',
      'Caused by: java.lang.OutOfMemoryError: Java heap space',
      '\tat java.base/java.util.Arrays.copyOf(Arrays.java:3537)',
    ],
    [],
    'OutOfMemoryError: Java heap space',
  ],
  [
    'an error of the JVM itself',
    [],
    ['Exception in thread "main" java.io.IOException: disk full'],
    'IOException: disk full',
  ],
  ['stdout before stderr', ['KeyError: 7'], ['org.x.YException: later'], 'KeyError: 7'],
  [
    'the last of several',
    ['ValueError: first', 'During handling another occurred', 'KeyError: second'],
    [],
    'KeyError: second',
  ],
  [
    'prose that only mentions one',
    ['an Error: here', 'retrying after Exception: x y'],
    [],
    'Command failed with exit code 9',
  ],
  ['nothing', [], [], 'Command failed with exit code 9'],
])('%s', (_, stdout, stderr, expected) => {
  expect(errorMessageOf(stdout, stderr, 9)).toBe(expected);
});

it('a very long message is cut', () => {
  expect(errorMessageOf([`ValueError: ${'x'.repeat(9000)}`], [], 1)).toHaveLength(2000);
});

it('the last traceback is found whole', () => {
  const first = ['Traceback (most recent call last):', '  File "a"', 'ValueError: 1'];
  const second = ['Traceback (most recent call last):', '  File "b"', 'KeyError: 2'];
  expect(lastTraceback(['start', ...first, 'handled', ...second])).toEqual(second);
  expect(lastTraceback(['all well'])).toEqual([]);
});
