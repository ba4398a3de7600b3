/** What runs can be searched by; the namespace must know these names (docs/setup.md). */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { SEARCH_ATTRIBUTES } from '../../pipeline/executions.ts';

export const searchAttributes = {
  run: defineSearchAttributeKey(SEARCH_ATTRIBUTES.run, SearchAttributeType.KEYWORD),
  status: defineSearchAttributeKey(SEARCH_ATTRIBUTES.status, SearchAttributeType.KEYWORD),
  stage: defineSearchAttributeKey(SEARCH_ATTRIBUTES.stage, SearchAttributeType.KEYWORD),
  dates: defineSearchAttributeKey(SEARCH_ATTRIBUTES.dates, SearchAttributeType.KEYWORD_LIST),
  trigger: defineSearchAttributeKey(SEARCH_ATTRIBUTES.trigger, SearchAttributeType.KEYWORD),
} as const;
