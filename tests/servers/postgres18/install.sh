#!/bin/bash
# install.sh: PostgreSQL 18, the newest; otherwise as ../postgres/install.sh does it.
PG_VERSION=18 exec "$(dirname "$0")/../postgres/install.sh" "$@"
