/** What runs can be searched by; the namespace must know these names (docs/setup.md). */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

export const searchAttributes = {
  /** The run's id in the bucket: a resumed run has that of the closed one. */
  run: defineSearchAttributeKey('PipelineRun', SearchAttributeType.KEYWORD),
  status: defineSearchAttributeKey('PipelineStatus', SearchAttributeType.KEYWORD),
  stage: defineSearchAttributeKey('PipelineStage', SearchAttributeType.KEYWORD),
  dates: defineSearchAttributeKey('PipelineDates', SearchAttributeType.KEYWORD_LIST),
  trigger: defineSearchAttributeKey('PipelineTrigger', SearchAttributeType.KEYWORD),
} as const;
