/** The workflows of the worker: what the bundle export { dataRecovery } from './data-recovery/workflow.ts';
exports is what can be started. */
export { musicStreamingPipeline } from './pipeline/workflow.ts';
export { emergencyShutdown } from './emergency-shutdown/workflow.ts';
export { shutdownRecovery } from './shutdown-recovery/workflow.ts';
