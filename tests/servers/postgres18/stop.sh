#!/bin/bash
# stop.sh DATADIR: PostgreSQL 18, the newest; otherwise as ../postgres/stop.sh does it.
PG_VERSION=18 exec "$(dirname "$0")/../postgres/stop.sh" "$@"
