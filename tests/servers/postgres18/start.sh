#!/bin/bash
# start.sh DATADIR [PORT] [TLS]: PostgreSQL 18, the newest; otherwise as ../postgres/start.sh does it.
PG_VERSION=18 exec "$(dirname "$0")/../postgres/start.sh" "$@"
