#!/bin/bash
# stop.sh DATADIR: PostgreSQL 12, the oldest that is supported; otherwise as ../postgres/stop.sh does it.
PG_VERSION=12 exec "$(dirname "$0")/../postgres/stop.sh" "$@"
