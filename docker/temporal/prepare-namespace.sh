#!/bin/sh
# Makes the namespace, and in it the search attributes that the pipeline's workflows set. What is there stays.
set -eu

temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 30d

for attribute in PipelineRun:Keyword PipelineStatus:Keyword PipelineStage:Keyword PipelineDates:KeywordList PipelineTrigger:Keyword; do
  name=${attribute%:*}
  temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE" | grep -q "$name" ||
    temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "$name" --type "${attribute#*:}"
done
