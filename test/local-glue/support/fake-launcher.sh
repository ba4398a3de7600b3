#!/bin/sh
# Stands in for spark-submit where the subject is the life of a run: leaves out Spark's options and runs the script,
# which is then a shell script, with its own arguments.
while [ $# -gt 0 ]; do
  case "$1" in
    *.sh) exec /bin/sh "$@" ;;
    *) shift ;;
  esac
done
echo "no script was given" >&2
exit 2
