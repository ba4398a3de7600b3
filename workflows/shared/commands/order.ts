/**
 * In which order the SDK hands out signals and results that came together depends on a flag of its own, which it writes
 * into the history with the first signal. A replay that meets refused updates, which leave empty workflow tasks, has been
 * seen to read the flag too late, to take the other order, and to fail from then on. Asked for in the first task, the
 * flag stands before anything that could be in its way (docs/decisions.md).
 */
import { SdkFlags } from '@temporalio/workflow/lib/flags.js';
import { getActivator } from '@temporalio/workflow/lib/global-attributes.js';

/** To be called in a workflow's first task. */
export function fixOrderOfMessages(): void {
  getActivator().hasFlag(SdkFlags.ProcessWorkflowActivationJobsAsSingleBatch);
}
