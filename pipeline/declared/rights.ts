/**
 * Who may do what. Four identities, each with the rights that it uses and no others:
 *
 * - the **worker** arranges data and starts jobs: the bucket, the pipeline's own Glue jobs; it reads the table and writes nothing in it;
 * - the **job role** is what scripts run as: reads inputs from where the worker has staged them, never touches what was
 *   delivered or archived, and is the only one that writes the table;
 * - the **operator** delivers files, reads and lists everything, and may stop Glue runs in an emergency;
 * - **local Glue** stands in for the Glue service: assumes the job role, and asks IAM about its callers.
 *
 * Also to be read as what the pipeline needs on AWS.
 */
import { PREFIXES } from '../layout.ts';

export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export interface Scope {
  readonly account: string;
  readonly region: string;
  readonly pipeline: string;
  readonly bucket: string;
  readonly table: string;
  /** ARN of the role that Glue jobs run as. */
  readonly jobRole: string;
}

const bucketArn = ({ bucket }: Scope): string => `arn:aws:s3:::${bucket}`;
const below = (scope: Scope, prefixes: readonly string[]): string[] =>
  prefixes.map((prefix) => `${bucketArn(scope)}/${prefix}*`);
const tableArn = ({ region, account, table }: Scope): string =>
  `arn:aws:dynamodb:${region}:${account}:table/${table}`;
const jobArns = ({ region, account, pipeline }: Scope): string =>
  `arn:aws:glue:${region}:${account}:job/${pipeline}_*`;
const glueLogs = ({ region, account }: Scope): string[] => {
  const groups = `arn:aws:logs:${region}:${account}:log-group:/aws-glue/jobs/*`;
  return [groups, `${groups}:*`];
};

/** Objects are listed to find new files, and versions are read because inputs are fixed by their version. */
const READ_OBJECTS = ['s3:GetObject', 's3:GetObjectVersion'];
const WRITE_OBJECTS = ['s3:PutObject', 's3:AbortMultipartUpload'];
const WHO_AM_I: Statement = {
  Sid: 'KnowWhoItIs',
  Effect: 'Allow',
  Action: ['sts:GetCallerIdentity'],
  Resource: ['*'],
};

export function workerPolicy(scope: Scope): Statement[] {
  return [
    WHO_AM_I,
    {
      Sid: 'ListBucket',
      Effect: 'Allow',
      // Versions are where a recovery finds what an object held before.
      Action: ['s3:ListBucket', 's3:ListBucketVersions', 's3:GetBucketVersioning'],
      Resource: [bucketArn(scope)],
    },
    {
      Sid: 'ArrangeObjects',
      Effect: 'Allow',
      Action: [...READ_OBJECTS, ...WRITE_OBJECTS, 's3:DeleteObject'],
      Resource: below(scope, ['']),
    },
    {
      Sid: 'RunItsJobs',
      Effect: 'Allow',
      Action: [
        ...['glue:GetJob', 'glue:CreateJob', 'glue:UpdateJob'],
        ...['glue:StartJobRun', 'glue:GetJobRun', 'glue:GetJobRuns', 'glue:BatchStopJobRun'],
      ],
      Resource: [jobArns(scope)],
    },
    {
      Sid: 'GiveTheJobsTheirRole',
      Effect: 'Allow',
      Action: ['iam:PassRole'],
      Resource: [scope.jobRole],
      // AWS always sets this key; MiniStack's policy simulator knows no keys, hence IfExists.
      Condition: { StringEqualsIfExists: { 'iam:PassedToService': 'glue.amazonaws.com' } },
    },
    {
      Sid: 'SeeTheTable',
      Effect: 'Allow',
      // A recovery compares the items with what is published; writing them is the jobs' alone.
      Action: ['dynamodb:DescribeTable', 'dynamodb:Query', 'dynamodb:BatchGetItem'],
      Resource: [tableArn(scope), `${tableArn(scope)}/index/*`],
    },
    {
      Sid: 'ReadTheJobsLogs',
      Effect: 'Allow',
      Action: ['logs:GetLogEvents', 'logs:FilterLogEvents', 'logs:DescribeLogStreams'],
      Resource: glueLogs(scope),
    },
  ];
}

export function jobPolicy(scope: Scope): Statement[] {
  const reads = [
    PREFIXES.temporary,
    'reference/',
    'validated/',
    PREFIXES.kpis,
    'processed/',
    PREFIXES.scripts,
  ];
  const writes = [PREFIXES.temporary, 'validated/', PREFIXES.kpis, PREFIXES.runs];
  return [
    {
      Sid: 'ListWhatItReads',
      Effect: 'Allow',
      Action: ['s3:ListBucket'],
      Resource: [bucketArn(scope)],
      Condition: { StringLike: { 's3:prefix': reads.map((prefix) => `${prefix}*`) } },
    },
    { Sid: 'ReadData', Effect: 'Allow', Action: READ_OBJECTS, Resource: below(scope, reads) },
    { Sid: 'WriteResults', Effect: 'Allow', Action: WRITE_OBJECTS, Resource: below(scope, writes) },
    {
      // Spark renames by copying and deleting; nothing that a run has left elsewhere is ever deleted by a script.
      Sid: 'DeleteScratch',
      Effect: 'Allow',
      Action: ['s3:DeleteObject'],
      Resource: below(scope, [PREFIXES.temporary]),
    },
    {
      Sid: 'LoadTheTable',
      Effect: 'Allow',
      Action: [
        ...['dynamodb:DescribeTable', 'dynamodb:Query', 'dynamodb:GetItem', 'dynamodb:BatchGetItem'],
        ...['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
        'dynamodb:ConditionCheckItem',
      ],
      Resource: [tableArn(scope), `${tableArn(scope)}/index/*`],
    },
    {
      Sid: 'WriteItsLogs',
      Effect: 'Allow',
      Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: glueLogs(scope),
    },
  ];
}

export function operatorPolicy(scope: Scope): Statement[] {
  return [
    WHO_AM_I,
    {
      Sid: 'DeliverFiles',
      Effect: 'Allow',
      Action: WRITE_OBJECTS,
      Resource: below(scope, [PREFIXES.streams, PREFIXES.songs, PREFIXES.users]),
    },
    {
      // A wrong file of songs or users spoils every run; the bucket is versioned, so a delete can be taken back.
      Sid: 'RemoveReferenceFiles',
      Effect: 'Allow',
      Action: ['s3:DeleteObject'],
      Resource: below(scope, [PREFIXES.songs, PREFIXES.users]),
    },
    { Sid: 'ReadObjects', Effect: 'Allow', Action: READ_OBJECTS, Resource: below(scope, ['']) },
    {
      Sid: 'SeeTheBucket',
      Effect: 'Allow',
      Action: [
        ...['s3:ListBucket', 's3:ListBucketVersions', 's3:GetBucketVersioning'],
        ...['s3:GetEncryptionConfiguration', 's3:GetBucketPublicAccessBlock', 's3:GetLifecycleConfiguration'],
      ],
      Resource: [bucketArn(scope)],
    },
    {
      Sid: 'SeeTheJobs',
      Effect: 'Allow',
      // Stopping is for an emergency in which no worker runs.
      Action: ['glue:GetJob', 'glue:GetJobRun', 'glue:GetJobRuns', 'glue:BatchStopJobRun'],
      Resource: [jobArns(scope)],
    },
    {
      Sid: 'ListJobsAndLogs',
      Effect: 'Allow',
      Action: ['glue:ListJobs', 'glue:GetJobs', 'logs:DescribeLogGroups'],
      // A list is of the whole account, whatever it is limited to.
      Resource: ['*'],
    },
    {
      Sid: 'ReadTheJobsLogs',
      Effect: 'Allow',
      Action: ['logs:GetLogEvents', 'logs:FilterLogEvents', 'logs:DescribeLogStreams'],
      Resource: glueLogs(scope),
    },
    {
      Sid: 'ReadTheTable',
      Effect: 'Allow',
      Action: [
        ...['dynamodb:DescribeTable', 'dynamodb:DescribeTimeToLive', 'dynamodb:DescribeContinuousBackups'],
        ...['dynamodb:Query', 'dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Scan'],
      ],
      Resource: [tableArn(scope), `${tableArn(scope)}/index/*`],
    },
  ];
}

export function localGluePolicy(jobRole: string): Statement[] {
  return [
    { Sid: 'BecomeTheJobs', Effect: 'Allow', Action: ['sts:AssumeRole'], Resource: [jobRole] },
    {
      Sid: 'AskAboutCallers',
      Effect: 'Allow',
      Action: ['iam:SimulatePrincipalPolicy'],
      Resource: ['*'],
    },
  ];
}

/** Who may become the jobs: the Glue service, and whoever stands in for it here. */
export function jobTrust(localGlue: string): object {
  const trusted = [{ Service: 'glue.amazonaws.com' }, { AWS: localGlue }];
  return {
    Version: '2012-10-17',
    Statement: trusted.map((Principal) => ({ Effect: 'Allow', Principal, Action: 'sts:AssumeRole' })),
  };
}
