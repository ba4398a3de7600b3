/**
 * The credentials of a run: its job's role, assumed for it, narrowed by the run's session policy where there is one. So a
 * script can do what its role allows and nothing more, as on Glue.
 */
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { messageOf } from '../stack/errors.ts';
import { AwsError } from './errors.ts';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export interface RoleSession {
  readonly role: string;
  /** Names the session in access logs: the run. */
  readonly sessionName: string;
  readonly policy?: string | undefined;
  /** How long the run may take, in seconds. */
  readonly forSeconds: number;
}

export interface Roles {
  /** @throws AwsError when the role can't be assumed */
  assume(session: RoleSession): Promise<AwsCredentials>;
  close(): void;
}

/** STS gives a session at least fifteen minutes and at most twelve hours. */
const SHORTEST_SESSION_SECONDS = 900;
const LONGEST_SESSION_SECONDS = 12 * 60 * 60;

/** STS's limit on the length of a session name. */
const SESSION_NAME_LENGTH = 64;

/** Assumes roles with the server's own credentials, at the endpoint of the standard environment variables. */
export function stsRoles(region: string, account: string): Roles {
  const client = new STSClient({ region });
  return {
    async assume({ role, sessionName, policy, forSeconds }) {
      const arn = roleArn(role, account);
      const seconds = Math.min(Math.max(forSeconds, SHORTEST_SESSION_SECONDS), LONGEST_SESSION_SECONDS);
      try {
        const { Credentials: given } = await client.send(
          new AssumeRoleCommand({
            RoleArn: arn,
            RoleSessionName: sessionName.slice(0, SESSION_NAME_LENGTH),
            DurationSeconds: seconds,
            ...(policy === undefined ? {} : { Policy: policy }),
          }),
        );
        const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey } = given ?? {};
        const { SessionToken: sessionToken } = given ?? {};
        if (accessKeyId === undefined || secretAccessKey === undefined || sessionToken === undefined) {
          throw new Error('the answer has no credentials');
        }
        return { accessKeyId, secretAccessKey, sessionToken };
      } catch (error) {
        const refused =
          error instanceof Error && /AccessDenied|NoSuchEntity|Malformed|Packed|Validation/.test(error.name);
        throw new AwsError(`Failed to assume the role ${arn}: ${messageOf(error)}`, refused, {
          cause: error,
        });
      }
    },
    close() {
      client.destroy();
    },
  };
}

/** Glue takes a role by name or by ARN. */
export function roleArn(role: string, account: string): string {
  return role.startsWith('arn:') ? role : `arn:aws:iam::${account}:role/${role}`;
}
