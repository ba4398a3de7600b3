/** What a run asks of AWS. */
import type { Operation } from '../support/faults/operations.ts';

/** A call that is new here is new to the rights and to the runbook as well. */
export const OPERATIONS: readonly Operation[] = [
  'DynamoDB.DescribeTable',
  'Glue.CreateJob',
  'Glue.GetJob',
  'Glue.GetJobRun',
  'Glue.GetJobRuns',
  'Glue.StartJobRun',
  'Glue.UpdateJob',
  'S3.CopyObject',
  'S3.DeleteObject',
  'S3.DeleteObjects',
  'S3.GetBucketVersioning',
  'S3.GetObject',
  'S3.HeadObject',
  'S3.ListObjectsV2',
  'S3.PutObject',
  'STS.GetCallerIdentity',
];
