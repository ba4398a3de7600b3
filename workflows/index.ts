/** The workflows of the worker: what the bundle exports is what can be started. */
export { dataRecovery } from './data-recovery/workflow.ts';
export { musicStreamingPipeline } from './pipeline/workflow.ts';
export { pipelineReset } from './pipeline-reset/workflow.ts';
export { emergencyShutdown } from './emergency-shutdown/workflow.ts';
export { shutdownRecovery } from './shutdown-recovery/workflow.ts';
