"""The errors with which a script fails. Glue shows the last line of the traceback, so the message says what to do."""


class PipelineScriptError(Exception):
    """Base of the errors below."""


class PlanError(PipelineScriptError):
    """The plan is missing or not what this version of the scripts understands."""


class ReferenceDataError(PipelineScriptError):
    """Songs or users can't be used: a column is missing, no row is usable, or some are gone that have plays."""


class ItemError(PipelineScriptError):
    """The items to load are not those that were computed; nothing was written."""


class DeadLetterError(PipelineScriptError):
    """Items could not be written; they are kept with their reasons, everything else was written."""


class TableStalledError(PipelineScriptError):
    """DynamoDB answered nothing but refusals for minutes."""


class LoadNotVerifiedError(PipelineScriptError):
    """After the load the table does not hold what it should."""
