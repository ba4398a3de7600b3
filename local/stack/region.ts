/** The region of a stack. Its buckets are found in the region that they were made in only, so a folder keeps its region. */
import { givenIn, type Environment } from '../../pipeline/settings.ts';
import { StackError } from './errors.ts';
import type { StackFolder } from './folder.ts';

const DEFAULT_REGION = 'eu-west-1';

/** The form that all names of AWS regions have, as in `us-gov-west-1`. */
const FORM = /^[a-z]{2}(-[a-z]+)+-\d+$/;

/**
 * The region that the folder was made with, else the one that `AWS_REGION` names.
 * @throws StackError when `AWS_REGION` names another one, or none
 */
export function regionFor(folder: StackFolder, environment: Environment): string {
  const kept = folder.readRegion();
  const named = givenIn(environment, 'AWS_REGION');
  if (named !== undefined && !FORM.test(named)) {
    throw new StackError(
      `AWS_REGION=${named} is not the name of an AWS region.`,
      `Correct it, or unset it for ${kept ?? DEFAULT_REGION}.`,
    );
  }
  if (kept !== undefined && named !== undefined && named !== kept) {
    throw new StackError(
      `The stack in ${folder.root} was made in the region ${kept}, and AWS_REGION is ${named}.`,
      `Set AWS_REGION=${kept} or unset it; a stack in ${named} needs a folder of its own (--dir).`,
    );
  }
  return kept ?? named ?? DEFAULT_REGION;
}
