/** From arguments to what the script sees and what the platform acts on. */
import { describe, expect, it } from '@jest/globals';
import {
  effectiveArguments,
  refuseReservedArguments,
  refuseUnsupportedSwitches,
  scriptCommandLine,
  splitArguments,
  UnsupportedArgumentError,
} from '../../local/glue/arguments.ts';
import { openS3 } from '../../local/glue/s3.ts';

it("a run's arguments win over defaults, the job's fixed ones over both", () => {
  const job = {
    DefaultArguments: { '--a': '1', '--b': '1', '--c': '1' },
    NonOverridableArguments: { '--c': '3' },
  };
  expect(effectiveArguments(job, { Arguments: { '--b': '2', '--c': '2' } })).toEqual({
    '--a': '1',
    '--b': '2',
    '--c': '3',
  });
  expect(effectiveArguments({}, {})).toEqual({});
});

describe('switches', () => {
  it.each([
    ['--enable-metrics', 'true'],
    ['--enable-spark-ui', 'true'],
    ['--spark-event-logs-path', 's3://b/logs/'],
    ['--job-language', 'python'],
    ['--job-bookmark-option', 'job-bookmark-disable'],
    ['--extra-py-files', 's3://b/a.zip'],
    ['--scriptLocation', 's3://b/a.py'],
    ['--conf', 'a=b'],
    ['--custom-logGroup-prefix', '/x'],
  ])('%s does not reach the script', (name, value) => {
    expect(splitArguments({ [name]: value, '--mine': 'x' }).script).toEqual({ '--mine': 'x' });
  });

  it('the script keeps its temporary folder and whatever Glue does not know', () => {
    const script = { '--TempDir': 's3://b/t/', '--enabled': 'x', '--run_token': 'a/b' };
    expect(splitArguments(script).script).toEqual(script);
  });

  it.each([
    [undefined, []],
    ['spark.a=1', ['spark.a=1']],
    ['spark.a=1 --conf spark.b=2  --conf  spark.c=x y', ['spark.a=1', 'spark.b=2', 'spark.c=x y']],
    ['--conf spark.a=1', ['spark.a=1']],
  ])('several settings fit into one --conf: %s', (value, expected) => {
    expect(splitArguments(value === undefined ? {} : { '--conf': value }).switches.sparkConf).toEqual(
      expected,
    );
  });

  it('files are listed with commas', () => {
    const { switches } = splitArguments({
      '--extra-py-files': 's3://b/a.zip, s3://b/b.py,',
      '--extra-jars': 's3://b/c.jar',
    });
    expect(switches.extraPyFiles).toEqual(['s3://b/a.zip', 's3://b/b.py']);
    expect(switches.extraJars).toEqual(['s3://b/c.jar']);
    expect(switches.extraFiles).toEqual([]);
  });

  it.each([
    ['--additional-python-modules', 'pandas==2.0'],
    ['--job-bookmark-option', 'job-bookmark-enable'],
    ['--job-language', 'scala'],
    ['--datalake-formats', 'iceberg'],
  ])('%s %s is refused, naming it', (name, value) => {
    expect(() => {
      refuseUnsupportedSwitches({ [name]: value });
    }).toThrow(UnsupportedArgumentError);
    expect(() => {
      refuseUnsupportedSwitches({ [name]: value });
    }).toThrow(name);
  });
});

it.each([
  '--JOB_NAME',
  '--JOB_ID',
  '--JOB_RUN_ID',
  '--SECURITY_CONFIGURATION',
  '--encryption-type',
  '--mode',
])('%s can not be set', (name) => {
  expect(() => {
    refuseReservedArguments({ [name]: 'x' });
  }).toThrow(`${name} is reserved`);
});

it("the command line ends with Glue's own names", () => {
  const words = scriptCommandLine({ '--a': '', '--b': 'x y' }, { JobName: 'job', Id: 'jr_1' });
  expect(words.slice(0, 8)).toEqual(['--a', '', '--b', 'x y', '--JOB_NAME', 'job', '--JOB_RUN_ID', 'jr_1']);
  expect(words.slice(8)).toEqual(['--JOB_ID', expect.stringMatching(/^j_[0-9a-f]{64}$/)]);
});

it('an argument that names no object is for the owner of the job to correct, who is told which', async () => {
  const store = openS3('eu-west-1')({ accessKeyId: 'a', secretAccessKey: 's', sessionToken: 't' });
  const fetched = store.download('garbage', '/dev/null', 'file of --extra-py-files');
  await expect(fetched).rejects.toMatchObject({
    refused: true,
    message: 'Error downloading file of --extra-py-files: garbage is not of the form s3://BUCKET/KEY',
  });
  store.close();
});
