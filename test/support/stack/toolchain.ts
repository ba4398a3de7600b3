/** The programs that set-up has installed. Set-up is part of `npm test`, so a test without them has failed. */
import { readToolchain } from '../../../local/stack/toolchain.ts';
import type { Toolchain } from '../../../local/stack/toolchain.ts';

/** @throws Error saying what to run */
export function toolchain(): Toolchain {
  try {
    return readToolchain(process.env);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new Error(`${problem} Run npm run setup.`, { cause: error });
  }
}
