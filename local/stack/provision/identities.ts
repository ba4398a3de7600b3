/**
 * IAM users with an access key each, and the role of the jobs. A key's secret is only told when the key is made, so
 * known keys are kept in the stack's folder; one that IAM does not know (any more) is replaced.
 */
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  ListAccessKeysCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  UpdateAssumeRolePolicyCommand,
  type IAMClient,
} from '@aws-sdk/client-iam';
import { StackError } from '../errors.ts';
import type { AccessKey } from '../folder.ts';
import {
  jobPolicy,
  jobTrust,
  localGluePolicy,
  operatorPolicy,
  workerPolicy,
  type Scope,
  type Statement,
} from '../../../pipeline/declared/rights.ts';
import { unlessThere } from './idempotent.ts';

export interface Identities {
  readonly worker: AccessKey;
  readonly operator: AccessKey;
  readonly localGlue: AccessKey;
}

const LOCAL_GLUE = 'msp-local-glue';
const JOB_ROLE = 'msp-glue-job';

export function jobRoleArn(account: string): string {
  return `arn:aws:iam::${account}:role/${JOB_ROLE}`;
}

/** @param known keys that were made before */
export async function provisionIdentities(
  iam: IAMClient,
  scope: Scope,
  known: readonly AccessKey[],
): Promise<Identities> {
  const user = async (name: string, policy: Statement[]): Promise<AccessKey> => {
    await unlessThere('EntityAlreadyExistsException', () =>
      iam.send(new CreateUserCommand({ UserName: name })),
    );
    await iam.send(
      new PutUserPolicyCommand({ UserName: name, PolicyName: 'rights', PolicyDocument: documentOf(policy) }),
    );
    return await keyOf(iam, name, arnOf(scope.account, name), known);
  };
  const localGlue = await user(LOCAL_GLUE, localGluePolicy(scope.jobRole));
  await provisionJobRole(iam, scope);
  return {
    localGlue,
    worker: await user('msp-worker', workerPolicy(scope)),
    operator: await user('msp-operator', operatorPolicy(scope)),
  };
}

const arnOf = (account: string, user: string): string => `arn:aws:iam::${account}:user/${user}`;

function documentOf(statements: readonly Statement[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}

async function provisionJobRole(iam: IAMClient, scope: Scope): Promise<void> {
  const trust = JSON.stringify(jobTrust(arnOf(scope.account, LOCAL_GLUE)));
  await unlessThere('EntityAlreadyExistsException', () =>
    iam.send(new CreateRoleCommand({ RoleName: JOB_ROLE, AssumeRolePolicyDocument: trust })),
  );
  await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: JOB_ROLE, PolicyDocument: trust }));
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: JOB_ROLE,
      PolicyName: 'rights',
      PolicyDocument: documentOf(jobPolicy(scope)),
    }),
  );
}

async function keyOf(
  iam: IAMClient,
  user: string,
  principalArn: string,
  known: readonly AccessKey[],
): Promise<AccessKey> {
  const { AccessKeyMetadata: listed = [] } = await iam.send(new ListAccessKeysCommand({ UserName: user }));
  const kept = known.find((key) => listed.some(({ AccessKeyId }) => AccessKeyId === key.accessKeyId));
  if (kept !== undefined) return kept;
  // IAM allows two keys; those without a known secret are of no use to anybody.
  for (const { AccessKeyId } of listed) {
    await iam.send(new DeleteAccessKeyCommand({ UserName: user, AccessKeyId }));
  }
  const { AccessKey: made } = await iam.send(new CreateAccessKeyCommand({ UserName: user }));
  if (made?.AccessKeyId === undefined || made.SecretAccessKey === undefined) {
    throw new StackError(
      `IAM made no access key for ${user}.`,
      'Remove the folder of the stack and start anew.',
    );
  }
  return { accessKeyId: made.AccessKeyId, secretAccessKey: made.SecretAccessKey, principalArn };
}
