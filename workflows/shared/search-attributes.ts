/** What runs can be searched by; the namespace must know these names (docs/setup.md). */
import { defineSearchAttributeKey } from '@temporalio/common';
import { SEARCH_ATTRIBUTES, SEARCH_ATTRIBUTE_TYPES as TYPES } from '../../pipeline/executions.ts';

export const searchAttributes = {
  run: defineSearchAttributeKey(SEARCH_ATTRIBUTES.run, TYPES.run),
  status: defineSearchAttributeKey(SEARCH_ATTRIBUTES.status, TYPES.status),
  stage: defineSearchAttributeKey(SEARCH_ATTRIBUTES.stage, TYPES.stage),
  dates: defineSearchAttributeKey(SEARCH_ATTRIBUTES.dates, TYPES.dates),
  trigger: defineSearchAttributeKey(SEARCH_ATTRIBUTES.trigger, TYPES.trigger),
} as const;
