#!/bin/bash
# install.sh: PostgreSQL 12, the oldest that is supported; otherwise as ../postgres/install.sh does it.
PG_VERSION=12 exec "$(dirname "$0")/../postgres/install.sh" "$@"
