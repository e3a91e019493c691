#!/bin/bash
# install.sh: Debian sid's mysqld, and its mysqldump.
. "$(dirname "$0")/../common.sh"
. "$(dirname "$0")/../sid.sh"

install() {
    local prefix=$installed/mysql new=$installed/mysql.new archive
    [ ! -x "$prefix/mysqldump" ] || return 0 # another did it while this one waited
    unpack_from_sid "$new" mysql-server-core mysql-client-core
    for archive in "$new.apt"/archives/mysql-client-core*.deb; do
        dpkg-deb --fsys-tarfile "$archive" | tar -x -C "$new" ./usr/bin/mysqldump
    done
    by_own_loader "$new" mysqld usr/sbin/mysqld
    by_own_loader "$new" mysqldump usr/bin/mysqldump
    "$new/mysqld" --no-defaults --version >&2
    rm -rf "$new.apt" "$prefix"
    mv "$new" "$prefix"
}
[ -x "$installed/mysql/mysqldump" ] || with_lock mysql install
