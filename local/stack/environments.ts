/** The environment variables that make a process one of this stack: where the services are, who it is, which pipeline. */
import {
  CHECKOUT_VARIABLES,
  givenIn,
  parseSettings,
  variableOf,
  type Environment,
  type Settings,
} from '../../pipeline/settings.ts';
import type { AccessKey, Endpoints, EnvironmentFile, StackFolder } from './folder.ts';
import { NAMESPACE } from './probes.ts';
import type { Provisioned } from './provision/provision.ts';

/** Settings that suit one machine better than AWS; the caller's own win. */
const LOCAL_DEFAULTS = {
  // Local Glue counts no requests, and nobody wants to wait at a laptop.
  MSP_GLUE_POLL_SECONDS: '0.25',
};

/** What the stack hands on of the caller's settings. @throws SettingsError for a wrong one */
export function settingsOf(environment: Environment): {
  settings: Settings;
  variables: Record<string, string>;
} {
  const variables = { ...LOCAL_DEFAULTS, ...givenSettings(environment) };
  return { settings: parseSettings(variables), variables };
}

function givenSettings(environment: Environment): Record<string, string> {
  const given = Object.entries(environment).flatMap(([name, value]) =>
    name.startsWith('MSP_') && !CHECKOUT_VARIABLES.includes(name) && value !== undefined && value !== ''
      ? [[name, value] as const]
      : [],
  );
  return Object.fromEntries(given);
}

/** Settings of the worker that are the stack's own, whatever the caller has. */
const OWN_SETTINGS = (['glueRole', 'metricsAddress'] as const).map(variableOf);

/** Variables, as in `MSP_TABLE=other`, in which a caller differs from the stack that runs. */
export function ignoredBy({ worker }: EnvironmentFile, caller: Environment): string[] {
  const region = givenIn(caller, 'AWS_REGION');
  const wanted = { ...givenSettings(caller), ...(region === undefined ? {} : { AWS_REGION: region }) };
  return Object.entries(wanted)
    .filter(([name, value]) => !OWN_SETTINGS.includes(name) && worker[name] !== value)
    .map(([name, value]) => `${name}=${value}`);
}

export interface EnvironmentParts {
  readonly folder: StackFolder;
  readonly endpoints: Endpoints;
  readonly region: string;
  readonly settings: Settings;
  readonly variables: Readonly<Record<string, string>>;
  readonly provisioned: Provisioned;
  /** `host:port` of the worker's metrics. */
  readonly metricsAddress: string;
}

export function environmentsOf(parts: EnvironmentParts): EnvironmentFile {
  const { folder, endpoints, region, settings, variables, provisioned, metricsAddress } = parts;
  const common = {
    ...variables,
    ...awsEnvironment(endpoints, region),
    TEMPORAL_ADDRESS: endpoints.temporal,
    TEMPORAL_NAMESPACE: NAMESPACE,
    TEMPORAL_CONFIG_FILE: folder.temporalConfiguration,
    [variableOf('pipeline')]: settings.pipeline,
    [variableOf('bucket')]: settings.bucket,
    [variableOf('table')]: settings.table,
    [variableOf('taskQueue')]: settings.taskQueue,
  };
  return {
    worker: {
      ...common,
      ...keyEnvironment(provisioned.worker),
      [variableOf('glueRole')]: provisioned.jobRole,
      [variableOf('metricsAddress')]: metricsAddress,
    },
    operator: { ...common, ...keyEnvironment(provisioned.operator) },
  };
}

/** What local Glue acts with: its own identity, and the services beside it. */
export function glueEnvironment(
  endpoints: Endpoints,
  region: string,
  key: AccessKey,
): Record<string, string> {
  return { ...awsEnvironment(endpoints, region), ...keyEnvironment(key) };
}

function awsEnvironment(endpoints: Endpoints, region: string): Record<string, string> {
  return {
    AWS_REGION: region,
    // boto3 reads this one only.
    AWS_DEFAULT_REGION: region,
    AWS_ENDPOINT_URL: endpoints.aws,
    AWS_ENDPOINT_URL_GLUE: endpoints.glue,
  };
}

function keyEnvironment({ accessKeyId, secretAccessKey }: AccessKey): Record<string, string> {
  return { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
}

/** A Temporal client configuration that leads to the stack, for those who have others. */
export function temporalConfiguration(endpoints: Endpoints): string {
  return `[profile.default]\naddress = "${endpoints.temporal}"\nnamespace = "${NAMESPACE}"\n`;
}
