/**
 * Who signed a request: AWS Signature Version 4 for the service `glue`, checked against the access keys that the stack
 * has handed out.
 */
import { timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { z } from 'zod';
import { messageOf } from '../stack/errors.ts';
import { GlueError } from './errors.ts';
import type { Authenticate, WireRequest } from './wire.ts';

const keysSchema = z.array(
  z.object({
    accessKeyId: z.string().min(1),
    secretAccessKey: z.string().min(1),
    sessionToken: z.string().min(1).optional(),
    /** When temporary keys end, ISO 8601. */
    expiration: z.iso.datetime().optional(),
    principalArn: z.string().startsWith('arn:'),
  }),
);
type AccessKey = z.output<typeof keysSchema>[number];

/** How far AWS lets a signer's clock be off. */
const CLOCK_SKEW_MILLISECONDS = 5 * 60 * 1000;

/**
 * @param file JSON list of `{accessKeyId, secretAccessKey, sessionToken?, expiration?, principalArn}`; read again
 *   whenever it changes.
 */
export function signatureCheck(file: string, region: string, now: () => number): Authenticate {
  const keys = keyFile(file);
  return async (request) => {
    const claim = claimOf(request);
    const key = keys().find((candidate) => candidate.accessKeyId === claim.accessKeyId);
    if (key === undefined || key.sessionToken !== request.headers['x-amz-security-token']) {
      throw new GlueError(
        'UnrecognizedClientException',
        'The security token included in the request is invalid.',
      );
    }
    if (key.expiration !== undefined && Date.parse(key.expiration) <= now()) {
      throw new GlueError('ExpiredTokenException', 'The security token included in the request is expired.');
    }
    checkScope(claim, region);
    checkTime(claim, now());
    const expected = await signatureOf(request, claim, key, region);
    if (!sameText(expected, claim.signature)) {
      throw new GlueError(
        'InvalidSignatureException',
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access ' +
          'Key and signing method. Consult the service documentation for details.',
      );
    }
    return key.principalArn;
  };
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 +Credential=(?<accessKeyId>[^/,]+)\/\d{8}\/(?<region>[^/,]+)\/(?<service>[^/,]+)\/aws4_request, *SignedHeaders=(?<signedHeaders>[^,]+), *Signature=(?<signature>[0-9a-f]{64})$/;

/** What the Authorization header says, and when it was written. */
const claimSchema = z.object({
  accessKeyId: z.string(),
  region: z.string(),
  service: z.string(),
  signedHeaders: z.string().transform((names) => new Set(names.split(';'))),
  signature: z.string(),
  /** `20240625T101500Z` */
  signedAt: z
    .string()
    .regex(/^\d{8}T\d{6}Z$/)
    .transform((text) => new Date(text.replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z'))),
});
type Claim = z.output<typeof claimSchema>;

function claimOf({ headers }: WireRequest): Claim {
  const header = headers['authorization'];
  if (header === undefined) {
    throw new GlueError('MissingAuthenticationTokenException', 'Missing Authentication Token');
  }
  const said = { ...AUTHORIZATION.exec(header)?.groups, signedAt: headers['x-amz-date'] };
  const claim = claimSchema.safeParse(said).data;
  if (claim !== undefined) return claim;
  throw new GlueError(
    'IncompleteSignatureException',
    "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters and an 'X-Amz-Date' header.",
  );
}

function checkScope(claim: Claim, region: string): void {
  const problem =
    claim.service !== 'glue'
      ? `Credential should be scoped to correct service: 'glue'.`
      : claim.region !== region
        ? `Credential should be scoped to a valid region, not '${claim.region}'. This server is in '${region}'.`
        : undefined;
  if (problem !== undefined) throw new GlueError('InvalidSignatureException', problem);
}

function checkTime({ signedAt }: Claim, now: number): void {
  const skew = signedAt.getTime() - now;
  if (Math.abs(skew) <= CLOCK_SKEW_MILLISECONDS) return;
  const relation = skew < 0 ? 'expired' : 'not yet current';
  throw new GlueError(
    'InvalidSignatureException',
    `Signature ${relation}: it is of ${signedAt.toISOString()} and this server's time is ${new Date(now).toISOString()}.`,
  );
}

/** The signature that the key's owner makes for this request. */
async function signatureOf(
  request: WireRequest,
  claim: Claim,
  key: AccessKey,
  region: string,
): Promise<string> {
  const signed = claim.signedHeaders;
  // A digest that is signed but not the body's would let the body be exchanged: it is left out and computed anew.
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => signed.has(name) && name !== 'x-amz-content-sha256'),
  );
  const signer = new SignatureV4({
    service: 'glue',
    region,
    sha256: Sha256,
    applyChecksum: signed.has('x-amz-content-sha256'),
    credentials: {
      accessKeyId: key.accessKeyId,
      secretAccessKey: key.secretAccessKey,
      ...(key.sessionToken === undefined ? {} : { sessionToken: key.sessionToken }),
    },
  });
  const { headers: result } = await signer.sign(
    {
      method: request.method,
      protocol: 'http:',
      hostname: request.headers['host'] ?? '',
      path: request.path,
      query: {},
      headers,
      body: request.body,
    },
    { signingDate: claim.signedAt, signableHeaders: signed },
  );
  return AUTHORIZATION.exec(result['authorization'] ?? '')?.groups?.['signature'] ?? '';
}

function sameText(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}

function keyFile(file: string): () => AccessKey[] {
  let read: { keys: AccessKey[]; changed: number } | undefined;
  return () => {
    try {
      const changed = statSync(file).mtimeMs;
      if (read?.changed !== changed)
        read = { changed, keys: keysSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) };
      return read.keys;
    } catch (error) {
      throw new Error(`The file of access keys ${file} can't be read: ${messageOf(error)}`, { cause: error });
    }
  };
}
