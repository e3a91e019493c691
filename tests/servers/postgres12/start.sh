#!/bin/bash
# start.sh DATADIR [PORT] [TLS]: PostgreSQL 12, the oldest that is supported; otherwise as ../postgres/start.sh does it.
PG_VERSION=12 exec "$(dirname "$0")/../postgres/start.sh" "$@"
