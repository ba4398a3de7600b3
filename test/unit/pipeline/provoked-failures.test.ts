import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { FAILURES, isFailureType } from '../../../pipeline/failures.ts';
import { PROVOKED } from '../../support/provoked.ts';

describe('every failure type', () => {
  it.each(Object.keys(FAILURES))('%s is provoked by a test that names it, or says why it is not', (type) => {
    expect(isFailureType(type)).toBe(true);
    const found = PROVOKED[type as keyof typeof FAILURES];
    if ('by' in found) expect(readFileSync(found.by, 'utf8')).toContain(`'${type}'`);
    else expect(found.not).toMatch(/\w+ \w+/);
  });
});
