#!/bin/sh
# Brings Temporal's two databases to the schema of this server. Where they are there already, that is all; else they
# are made first.
set -eu

prepare() {
  database=$1
  schema=/etc/temporal/schema/postgresql/v12/$2/versioned
  tool() { temporal-sql-tool --plugin postgres12 --ep "$SQL_HOST" --port 5432 --user "$SQL_USER" --db "$database" "$@"; }
  if tool update-schema --schema-dir "$schema"; then return; fi
  tool create
  tool setup-schema --version 0.0
  tool update-schema --schema-dir "$schema"
}

prepare temporal temporal
prepare temporal_visibility visibility
