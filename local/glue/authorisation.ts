/**
 * Whether a caller may do what it asks for: IAM is asked to simulate the caller's policies. Verdicts are kept for some
 * seconds, since a poller asks the same every few seconds, and a changed policy takes as long to spread on AWS.
 */
import { IAMClient, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import { messageOf } from '../stack/errors.ts';
import { GlueError } from './errors.ts';
import type { Permission } from './operation.ts';
import type { Authorise } from './wire.ts';

const VERDICT_MILLISECONDS = 5000;

/** Verdicts kept at most; more than all actions on all jobs of several principals. */
const VERDICTS_KEPT = 1000;

/** Asks the IAM of the standard environment variables, with the server's own credentials. */
export function iamAuthorisation(region: string): { authorise: Authorise; close: () => void } {
  const client = new IAMClient({ region });
  const verdicts = new Map<string, { readonly allowed: boolean; readonly until: number }>();

  const isAllowed = async (principal: string, permission: Permission): Promise<boolean> => {
    const key = JSON.stringify([principal, permission]);
    const known = verdicts.get(key);
    if (known !== undefined && known.until > Date.now()) return known.allowed;
    const allowed = await simulate(client, principal, permission);
    if (verdicts.size >= VERDICTS_KEPT) verdicts.clear();
    verdicts.set(key, { allowed, until: Date.now() + VERDICT_MILLISECONDS });
    return allowed;
  };

  return {
    async authorise(principal, permissions) {
      // The account itself is not subject to its policies.
      if (principal.endsWith(':root')) return;
      for (const permission of permissions) {
        if (await isAllowed(principal, permission)) continue;
        const { action, resource } = permission;
        throw new GlueError(
          'AccessDeniedException',
          `User: ${principal} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
        );
      }
    },
    close() {
      client.destroy();
    },
  };
}

async function simulate(
  client: IAMClient,
  principal: string,
  { action, resource, context }: Permission,
): Promise<boolean> {
  try {
    const { EvaluationResults = [] } = await client.send(
      new SimulatePrincipalPolicyCommand({
        PolicySourceArn: policyHolder(principal),
        ActionNames: [action],
        ResourceArns: [resource],
        ContextEntries: Object.entries(context ?? {}).map(([name, value]) => ({
          ContextKeyName: name,
          ContextKeyType: 'string',
          ContextKeyValues: [value],
        })),
      }),
    );
    return (
      EvaluationResults.length > 0 && EvaluationResults.every((result) => result.EvalDecision === 'allowed')
    );
  } catch (error) {
    throw new Error(`IAM could not say whether ${principal} may ${action}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** A session has no policies of its own to simulate; its role has. */
function policyHolder(principal: string): string {
  return principal.replace(/^(arn:[^:]+):sts::(\d+):assumed-role\/([^/]+)\/.*$/, '$1:iam::$2:role/$3');
}
