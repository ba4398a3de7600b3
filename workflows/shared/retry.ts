/** How most activities are retried; what an operator must decide is not, and parks at once. */
import { OPERATOR_FAILURES } from '../../pipeline/failures.ts';

export const retry = {
  // Throttling and brief outages pass within seconds; 8 attempts reach about two minutes, after which a person should know.
  initialInterval: '1s',
  backoffCoefficient: 2,
  maximumInterval: '30s',
  maximumAttempts: 8,
  nonRetryableErrorTypes: OPERATOR_FAILURES,
} as const;
