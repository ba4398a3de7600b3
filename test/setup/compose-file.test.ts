/**
 * docker-compose.yml can't be run by the tests, so it is checked: against the Compose specification's schema, and for
 * what this project wants of every service.
 */
import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { z } from 'zod';
import { searchAttributes } from '../../workflows/shared/search-attributes.ts';

const root = new URL('../../', import.meta.url);
const textOf = (path: string): string => readFileSync(new URL(path, root), 'utf8');

const serviceSchema = z.looseObject({
  image: z.string(),
  build: z.object({ context: z.string(), dockerfile: z.string() }).optional(),
  restart: z.string().optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  healthcheck: z.looseObject({ test: z.array(z.string()) }).optional(),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  profiles: z.array(z.string()).optional(),
});
type Service = z.infer<typeof serviceSchema>;

let document: unknown;
let services: [name: string, service: Service][];

beforeAll(() => {
  document = parse(textOf('docker-compose.yml'), { merge: true });
  const parsed = z.looseObject({ services: z.record(z.string(), serviceSchema) }).parse(document);
  services = Object.entries(parsed.services);
});

it('the file follows the Compose specification', () => {
  // Not among what the package exports. Ajv knows its draft by another spelling of the name, so that is left out.
  const file = textOf('node_modules/dclint/schemas/compose.schema.json');
  const { $schema: _, ...schema } = z.looseObject({}).parse(JSON.parse(file));
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const validate = ajv.compile(schema);
  validate(document);
  expect(validate.errors ?? []).toEqual([]);
});

describe('every service', () => {
  it('has an image with a version', () => {
    for (const [name, { image }] of services) {
      expect(`${name}: ${image}`).toMatch(/: [\w./-]+:\d+\.\d+(\.\d+)?[\w.-]*$/);
    }
  });

  it('that stays has a health check; one that ends does not start again', () => {
    for (const [name, service] of services) {
      const stays = service.restart === 'unless-stopped';
      expect([name, service.healthcheck !== undefined]).toEqual([name, stays]);
      if (!stays && service.profiles === undefined) expect([name, service.restart]).toEqual([name, 'no']);
    }
  });

  it('waits for what it needs to be healthy, or done', () => {
    const byName = new Map(services);
    for (const [name, service] of services) {
      for (const [needed, { condition }] of Object.entries(service.depends_on)) {
        const expected =
          byName.get(needed)?.restart === 'no' ? 'service_completed_successfully' : 'service_healthy';
        expect([name, needed, condition]).toEqual([name, needed, expected]);
      }
    }
  });

  it('answers on this machine only', () => {
    for (const [name, { ports }] of services) {
      for (const port of ports) expect(`${name}: ${port}`).toMatch(/: 127\.0\.0\.1:\d+:\d+$/);
    }
  });

  it('finds the files that it is given', () => {
    for (const [, { build, volumes }] of services) {
      const files = volumes
        .map((volume) => volume.split(':')[0] ?? '')
        .filter((path) => path.startsWith('./'));
      if (build !== undefined) files.push(build.dockerfile);
      for (const file of files) expect([file, existsSync(new URL(file, root))]).toEqual([file, true]);
    }
  });
});

describe.each(['docker/worker.Dockerfile', 'docker/local.Dockerfile'])('%s', (file) => {
  const lines = textOf(file).split('\n');

  it('has base images with a version, and does not run as root', () => {
    const bases = lines.filter((line) => line.startsWith('FROM '));
    for (const base of bases) expect(base).toMatch(/^FROM node:\d+\.\d+\.\d+-bookworm/);
    expect(lines.filter((line) => line.startsWith('USER ')).at(-1)).toBe('USER node');
  });

  it('copies what there is', () => {
    const copied = lines
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from'))
      .flatMap((line) =>
        line
          .split(' ')
          .slice(1, -1)
          .filter((word) => !word.startsWith('--')),
      );
    for (const path of copied) expect([path, existsSync(new URL(path, root))]).toEqual([path, true]);
  });
});

it('the namespace gets the search attributes that workflows set', () => {
  const script = textOf('docker/temporal/prepare-namespace.sh');
  for (const { name, type } of Object.values(searchAttributes)) {
    expect(script.toUpperCase()).toContain(`${name}:${type.replaceAll('_', '')}`.toUpperCase());
  }
});
